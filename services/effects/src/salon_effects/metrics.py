"""Numbers of the effects worker."""

from salon_kit.metrics import counter, gauge, histogram

from salon_effects.core.frame_scheduler import Result

FRAMES = counter(
    "effects_frames_total",
    "Frames by result: done; superseded by a newer one; expired before their turn; failed in a filter; invalid.",
    "result",
)
FRAMES_BY_RESULT = {result: FRAMES.labels(result=result.value) for result in Result}
WORK = histogram("effects_work_seconds", "CPU time of the filters for one frame.")
QUEUE_AGE = histogram("effects_queue_age_seconds", "From the arrival of a frame to its start.")
STREAMS = gauge("effects_streams", "Streams this worker has.")
LOAD = gauge("effects_load_cores", "CPU seconds of filters per second over the last 5 s, and what is reserved.")
OPENED = counter("effects_opened_total", "Streams opened, by way: shared-memory or connection.", "way")
REFUSED = counter("effects_refused_total", "Streams refused, by code.", "err_code")
ANSWERS_LOST = counter("effects_answers_lost_total", "Answers that could not be sent over NATS.")
CONNECTIONS_DROPPED = counter("effects_connections_dropped_total", "Frame connections dropped, by reason.", "reason")
