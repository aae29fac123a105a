"""A folder as the kubelet makes it of a ConfigMap: the files are links through `..data`, and a change swaps that one."""

import os


class ConfigVolume:
    def __init__(self, folder, name="kuberhealthy.yaml"):
        self.folder = folder
        self.name = name
        self.path = folder / name
        self._generation = 0
        folder.mkdir()

    def publish(self, text):
        self._generation += 1
        payload = self.folder / f"..2026_11_24_{self._generation:05d}"
        payload.mkdir()
        (payload / self.name).write_text(text)
        data, temporary = self.folder / "..data", self.folder / "..data_tmp"
        before = data.resolve() if data.exists() else None
        temporary.symlink_to(payload.name)
        os.rename(temporary, data)
        if not self.path.is_symlink():
            self.path.symlink_to(f"..data/{self.name}")
        if before:
            for file in before.iterdir():
                file.unlink()
            before.rmdir()
