"""The cable through libgphoto2 (`pip install gphoto2`; wheels for Linux x86-64 and arm64, macOS on Apple chips).

The only module that knows that library. Without it the bridge works as before; only `usb = true` is refused.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

from camera_bridge.clock import pause
from camera_bridge.errors import ConfigError
from camera_bridge.sources.usb import CameraGone, CardFile


def library() -> ModuleType:
    """The vendor's module. Raises ConfigError that says what to install."""
    try:
        return import_module("gphoto2")
    except ImportError as error:
        raise ConfigError(
            "usb: needs the package gphoto2 (pip install gphoto2); on Windows use FTP or a folder"
        ) from error


class GphotoCable:
    """One camera. `port` and `model` name a particular one; empty: the first that answers."""

    def __init__(self, port: str = "", model: str = "") -> None:
        self._gp: Any = library()
        try:
            self._camera: Any = self._gp.Camera()
            if port:
                self._choose(port, model)
            self._camera.init()
            self._body = self._serial()
            self._write_to_card()
        except self._gp.GPhoto2Error as error:
            raise CameraGone(str(error)) from error

    @property
    def body(self) -> str:
        return self._body

    def files(self) -> Iterator[CardFile]:
        try:
            yield from self._below("/")
        except self._gp.GPhoto2Error as error:
            raise CameraGone(str(error)) from error

    def fetch(self, file: CardFile) -> bytes:
        try:
            got = self._camera.file_get(file.folder, file.name, self._gp.GP_FILE_TYPE_NORMAL)
            return bytes(memoryview(got.get_data_and_size()))
        except self._gp.GPhoto2Error as error:
            raise CameraGone(str(error)) from error

    def wait(self, milliseconds: int) -> CardFile | None:
        try:
            kind, said = self._camera.wait_for_event(milliseconds)
            return self._facts(said.folder, said.name) if kind == self._gp.GP_EVENT_FILE_ADDED else None
        except self._gp.GPhoto2Error as error:
            if error.code != self._gp.GP_ERROR_NOT_SUPPORTED:
                raise CameraGone(str(error)) from error
            pause(milliseconds / 1000)  # a body that announces nothing is listed again when it is plugged in
            return None

    def close(self) -> None:
        with contextlib.suppress(self._gp.GPhoto2Error):
            self._camera.exit()

    def _below(self, folder: str) -> Iterator[CardFile]:
        files, folders = self._camera.folder_list_files(folder), self._camera.folder_list_folders(folder)
        for name in [files.get_name(n) for n in range(files.count())]:
            yield self._facts(folder, name)
        for name in [folders.get_name(n) for n in range(folders.count())]:
            yield from self._below(f"{folder.rstrip('/')}/{name}")

    def _facts(self, folder: str, name: str) -> CardFile:
        facts = self._camera.file_get_info(folder, name).file
        told = facts.fields & self._gp.GP_FILE_INFO_PERMISSIONS
        protected = bool(told) and not facts.permissions & self._gp.GP_FILE_PERM_DELETE
        return CardFile(folder, name, int(facts.size), int(facts.mtime), protected)

    def _choose(self, port: str, model: str) -> None:
        ports, models = self._gp.PortInfoList(), self._gp.CameraAbilitiesList()
        ports.load()
        models.load()
        self._camera.set_port_info(ports[ports.lookup_path(port)])
        if model:
            self._camera.set_abilities(models[models.lookup_model(model)])

    def _serial(self) -> str:
        with contextlib.suppress(self._gp.GPhoto2Error):
            return str(self._camera.get_single_config("serialnumber").get_value())
        return str(self._camera.get_abilities().model)

    def _write_to_card(self) -> None:
        """Shots stay on the card, whatever happens to the cable."""
        with contextlib.suppress(self._gp.GPhoto2Error):
            target = self._camera.get_single_config("capturetarget")
            choices = [target.get_choice(n) for n in range(target.count_choices())]
            card = next((one for one in choices if "card" in one.lower()), None)
            if card and target.get_value() != card:
                target.set_value(card)
                self._camera.set_single_config("capturetarget", target)
