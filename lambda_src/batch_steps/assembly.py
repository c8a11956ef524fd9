"""Writes a batch's output file and error file.

The lines are gone through once for each file, so that a file's parts follow from the lines alone. An answer never changes, and
a line that was not run when its turn came is never run: a step that goes on after another was killed makes the same parts.
A step without time for more keeps also the lines that do not fill a part, so that each step makes progress.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from batch_steps import file_parts
from batch_steps import progress as batch_progress
from batch_steps.answers import Answers
from batch_steps.batch_table import Claim
from batch_steps.file_parts import PartedObject
from batch_steps.input_file import InputFiles
from batch_steps.progress import FileProgress
from batch_steps.result_lines import LineInProgressError, OutOfTimeError, ResultLine, ResultLines
from client_usage.usage import Usage
from resource_items import batch_state, file_item, ids
from resource_items.batch_state import ERROR, OUTPUT
from resource_items.file_item import File

# A line in progress is looked at again after this time. Most answers take less.
_RECHECK_S = 15


class Assembly(NamedTuple):
    """What a step needs to write files. `clock` is in epoch seconds."""

    claim: Claim
    answers: Answers
    inputs: InputFiles
    clock: Callable[[], float]
    has_time: Callable[[], bool]

    def run(self, end: str) -> int | None:
        """Writes the files, and gives the batch the status `end`. Returns the seconds until the next step, None if done."""
        self._begin()
        results = ResultLines(
            self.claim.progress,
            end,
            answers=self.answers,
            inputs=self.inputs,
            clock=self.clock,
            has_time=self.has_time,
        )
        try:
            for kind in (OUTPUT, ERROR):
                self._write(kind, results)
        except LineInProgressError as line:
            return max(1, min(_RECHECK_S, int(line.until_s - self.clock()) + 1))
        except OutOfTimeError:
            return 0
        self._finish(end)
        return None

    def _begin(self) -> None:
        """Chooses the files' ids, once."""
        if batch_progress.ASSEMBLING_SINCE not in self.claim.progress.item:
            now_s = self.clock()
            names = {batch_state.file_id(kind): ids.new(ids.FILE, now_s) for kind in (OUTPUT, ERROR)}
            self.claim.save({**names, batch_progress.ASSEMBLING_SINCE: int(now_s)})

    def _write(self, kind: str, results: ResultLines) -> None:
        """Writes a file, from where an earlier step came to."""
        at = FileProgress.read(self.claim.progress.item, kind)
        if at.is_done:
            return
        file = _FileInProgress(self.claim, self._object, at)
        try:
            for result in results.after(at.read_lines, has_errors=kind == ERROR):
                file.pass_by(result)
        except (LineInProgressError, OutOfTimeError):
            file.pause()
            raise
        file.end()

    def _object(self, key: str) -> PartedObject:
        return PartedObject(self.inputs.s3, self.inputs.bucket, key)

    def _finish(self, end: str) -> None:
        files = {kind: FileProgress.read(self.claim.progress.item, kind) for kind in (OUTPUT, ERROR)}
        for file in files.values():
            if file.lines:
                self.claim.put(self._file(file).item())
        counts = {
            batch_state.COMPLETED_LINES: files[OUTPUT].lines,
            batch_state.FAILED_LINES: files[ERROR].lines,
        }
        self.claim.move(end, counts, now_s=self.clock())

    def _file(self, written: FileProgress) -> File:
        batch = self.claim.batch()
        created_at = batch_state.count(self.claim.progress.item, batch_progress.ASSEMBLING_SINCE)
        return File(
            id=written.file_id,
            owner=batch.owner,
            filename=f"{batch.id}_{written.kind}.jsonl",
            purpose=file_item.BATCH_OUTPUT,
            bytes=written.bytes,
            created_at=created_at,
            expires_at=created_at + (batch.output_kept_s or file_item.DEFAULT_KEPT_S),
        )


class _FileInProgress:
    """A file that takes the results that belong to it."""

    def __init__(self, claim: Claim, object_of: Callable[[str], PartedObject], at: FileProgress) -> None:
        self._claim, self._object_of, self._at = claim, object_of, at
        self._object = object_of(file_item.object_key(claim.progress.state.owner, at.file_id))
        self._usage = claim.progress.usage
        self._held = bytearray(self._held_object().content() if at.held_bytes else b"")

    def pass_by(self, result: ResultLine) -> None:
        """Takes the result if it belongs to this file."""
        self._at = self._at._replace(read_lines=result.number)
        if result.text is None or result.is_success is not (self._at.kind == OUTPUT):
            return
        self._held += result.text.encode() + b"\n"
        self._at = self._at._replace(lines=self._at.lines + 1)
        if result.usage is not None:
            self._usage = Usage(*map(sum, zip(self._usage, result.usage, strict=True)))
        if len(self._held) >= file_parts.PART_BYTES:
            self._send_part()

    def pause(self) -> None:
        """Keeps what was gone through, so that the next step goes on after it, however little it is."""
        if self._held:
            self._held_object().put(bytes(self._held))
        self._at = self._at._replace(held_bytes=len(self._held))
        self._save()

    def end(self) -> None:
        """Makes the object, unless it is empty."""
        self._count_held()
        if self._at.upload_id is not None:
            self._object.complete(self._at.upload_id, self._at.parts + 1, bytes(self._held))
        elif self._held:
            self._object.put(bytes(self._held))
        self._at = self._at._replace(is_done=True)
        self._save()

    def _send_part(self) -> None:
        if self._at.upload_id is None:
            upload_id = self._object.begin()
            self._claim.save({batch_progress.upload_id(self._at.kind): upload_id})
            self._at = self._at._replace(upload_id=upload_id)
        self._count_held()
        self._at = self._at._replace(parts=self._at.parts + 1)
        self._object.send(self._at.upload_id or "", self._at.parts, bytes(self._held))
        self._save()
        self._held.clear()

    def _count_held(self) -> None:
        self._at = self._at._replace(bytes=self._at.bytes + len(self._held), held_bytes=0)

    def _held_object(self) -> PartedObject:
        key = batch_state.held_key(self._claim.batch_id, self._at.kind, self._at.read_lines)
        return self._object_of(key)

    def _save(self) -> None:
        """Keeps the progress. A step that is killed before begins again at the part before."""
        usage = self._usage._asdict() if self._at.kind == OUTPUT else {}
        self._claim.save({**self._at.attributes(), **usage})
