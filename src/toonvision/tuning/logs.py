"""What TensorBoard shows of a search: every trial's values and scores, on its HParams page."""

import io
import os
import time
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import api_pb2, summary
from tensorboard.plugins.scalar.summary import scalar_pb
from tensorboard.summary.writer.record_writer import RecordWriter

from toonvision.core.files import write_bytes
from toonvision.tuning.race import Score
from toonvision.tuning.space import Draw

_METRICS = ("loss", "wrong", "parameters")


def log_trial(folder: Path, number: int, draw: Draw, parameters: int, scores: list[Score]) -> None:
    """Write a finished trial, with the means of its trainings, into a study's folder for TensorBoard."""
    known = [score.loss for score in scores if score.loss is not None]
    values = {"parameters": float(parameters), "wrong": sum(score.wrong for score in scores) / len(scores)}
    if known:
        values["loss"] = sum(known) / len(known)
    hparams = [api_pb2.HParamInfo(name=name) for name in draw]
    metrics = [api_pb2.MetricInfo(name=api_pb2.MetricName(tag=name)) for name in _METRICS]
    parts = [
        summary.experiment_pb(hparam_infos=hparams, metric_infos=metrics),
        summary.session_start_pb(dict(draw), group_name=f"trial {number}"),
        *(scalar_pb(name, value) for name, value in values.items()),
        summary.session_end_pb(api_pb2.STATUS_SUCCESS if known else api_pb2.STATUS_FAILURE),
    ]
    buffer = io.BytesIO()
    writer = RecordWriter(buffer)
    now = time.time()
    writer.write(Event(wall_time=now, file_version="brain.Event:2").SerializeToString())
    for part in parts:
        # The plug-in's messages are TensorFlow's own kind where it is installed; their bytes are the same.
        event = Event(wall_time=now, step=0, summary=Summary.FromString(part.SerializeToString()))
        writer.write(event.SerializeToString())
    # Not by TensorBoard's own writer: its thread prints a traceback where the disk is full.
    write_bytes(folder / f"trial-{number:03d}" / f"events.out.tfevents.{now:.6f}.{os.getpid()}", buffer.getvalue())
