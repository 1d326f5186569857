"""QR codes inside pages, as one path of an SVG: sharp at every size, no request, no script."""

from __future__ import annotations

import qrcode
from qrcode.constants import ERROR_CORRECT_M


def svg_path(text: str) -> tuple[int, str]:
    """(modules per side, path data in units of one module), without the quiet zone."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=0)
    code.add_data(text)
    code.make(fit=True)
    matrix = code.get_matrix()
    runs = []
    for y, row in enumerate(matrix):
        x = 0
        while x < len(row):
            start = x
            while x < len(row) and row[x]:
                x += 1
            if x > start:
                runs.append(f"M{start} {y}h{x - start}v1h-{x - start}z")
            x += 1
    return len(matrix), "".join(runs)
