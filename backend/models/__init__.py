"""The schema: tables, columns, constraints. No behaviour, so that nothing needs to import it late.

Moments are `<verb>_at`, milliseconds since the epoch, UTC. Every row of a tenant carries its `organization_id`.
"""

from __future__ import annotations

from backend.models.audits import Audit
from backend.models.base import BASE62, Base, Json, new_code, new_id, new_salt
from backend.models.brand import Art, ArtKind, Placement, Sample, Slot
from backend.models.bridges import Bridge, BridgeState, Order, Outage, Pairing, PairingState
from backend.models.comments import Comment, CommentReport, CommentState
from backend.models.events import (
    Access,
    Album,
    BrandKit,
    Checking,
    Contributions,
    Culling,
    Event,
    EventState,
    Publishing,
    Recipe,
)
from backend.models.exports import Export, ExportPhoto, ExportState
from backend.models.faces import (
    ConsentKind,
    Face,
    FaceConsent,
    FaceMask,
    FaceMatch,
    FaceReturn,
    FaceRule,
    FaceScan,
    FaceTemplate,
    FaceVeil,
    VeilKind,
    VeilState,
)
from backend.models.failures import Failure
from backend.models.feeds import Departure, FeedFiles
from backend.models.guests import Guest, Invitation, Like, Receipt
from backend.models.inspections import Inspection
from backend.models.keys import ApiKey, HookCall, Webhook
from backend.models.ledger import Certificate, Story, StoryLine
from backend.models.members import Member, Organization, Role, TeamInvitation
from backend.models.messages import Delivery, DeliveryState, Milestone, Push, Quota, Subscription, Tap, TapSource
from backend.models.photos import (
    Asset,
    AssetKind,
    Intake,
    Photo,
    PhotoState,
    Rendition,
    RenditionKind,
    Source,
    SourceKind,
    Upload,
)
from backend.models.purges import Purge
from backend.models.retouch import Adjustment, RetouchState, RetouchTask, Tag
from backend.models.review import Check, CheckState, Reason, Report, ReportState
from backend.models.scans import Scan
from backend.models.slates import Slate, SlateShot
from backend.models.ties import Tie
from backend.models.traces import Trace, TraceKind

__all__ = [
    "BASE62",
    "Access",
    "Adjustment",
    "Album",
    "ApiKey",
    "Art",
    "ArtKind",
    "Asset",
    "AssetKind",
    "Audit",
    "Base",
    "BrandKit",
    "Bridge",
    "BridgeState",
    "Certificate",
    "Check",
    "CheckState",
    "Checking",
    "Comment",
    "CommentReport",
    "CommentState",
    "ConsentKind",
    "Contributions",
    "Culling",
    "Delivery",
    "DeliveryState",
    "Departure",
    "Event",
    "EventState",
    "Export",
    "ExportPhoto",
    "ExportState",
    "Face",
    "FaceConsent",
    "FaceMask",
    "FaceMatch",
    "FaceReturn",
    "FaceRule",
    "FaceScan",
    "FaceTemplate",
    "FaceVeil",
    "Failure",
    "FeedFiles",
    "Guest",
    "HookCall",
    "Inspection",
    "Intake",
    "Invitation",
    "Json",
    "Like",
    "Member",
    "Milestone",
    "Order",
    "Organization",
    "Outage",
    "Pairing",
    "PairingState",
    "Photo",
    "PhotoState",
    "Placement",
    "Publishing",
    "Purge",
    "Push",
    "Quota",
    "Reason",
    "Receipt",
    "Recipe",
    "Rendition",
    "RenditionKind",
    "Report",
    "ReportState",
    "RetouchState",
    "RetouchTask",
    "Role",
    "Sample",
    "Scan",
    "Slate",
    "SlateShot",
    "Slot",
    "Source",
    "SourceKind",
    "Story",
    "StoryLine",
    "Subscription",
    "Tag",
    "Tap",
    "TapSource",
    "TeamInvitation",
    "Tie",
    "Trace",
    "TraceKind",
    "Upload",
    "VeilKind",
    "VeilState",
    "Webhook",
    "new_code",
    "new_id",
    "new_salt",
]
