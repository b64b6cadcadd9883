"""Which faces there are is said once, in the header of the run."""

from tests.quality.pictures import FACES, MEDIA, clips


def pytest_report_header() -> str:
    beside = "with the portraits and clips" if len(FACES) > 2 and clips() else "without portraits and clips"
    return f"beauty quality: {', '.join(FACES)} ({beside} of ../shared/{MEDIA.name})"
