"""Long lists of JSON objects in pages: each is encoded by whoever puts it in, a page is joined once for all who ask."""

from collections.abc import Iterable
from dataclasses import dataclass, field

PAGE_MAX_BYTES = 64 * 1024
"""Of the items of one frame: what goes around them, and one item more, stay far below what a frame may have. An item
alone has at most 9 KiB, a stream with 1024 characters of extra info that JSON has to escape."""


@dataclass(slots=True)
class _Page:
    items: dict[str, str] = field(default_factory=dict)
    size_bytes: int = 0
    joined: str | None = None


class PagedItems:
    """Items by key, in the order they came. Only the page that an item comes to or goes from is joined anew."""

    def __init__(self) -> None:
        self._pages: list[_Page] = []
        self._home: dict[str, _Page] = {}
        self._size_bytes = 0

    def put(self, key: str, item: str) -> None:
        """Comes last, also if it was there already."""
        self.remove(key)
        size_bytes = size_of(item)
        if not self._pages or self._pages[-1].size_bytes + size_bytes > PAGE_MAX_BYTES:
            self._pages.append(_Page())
        page = self._pages[-1]
        page.items[key] = item
        page.joined = None
        page.size_bytes += size_bytes
        self._size_bytes += size_bytes
        self._home[key] = page

    def remove(self, key: str) -> None:
        page = self._home.pop(key, None)
        if page is None:
            return
        size_bytes = size_of(page.items.pop(key))
        page.joined = None
        page.size_bytes -= size_bytes
        self._size_bytes -= size_bytes
        if not page.items:
            self._pages.remove(page)
        elif len(self._pages) > 1 and self._size_bytes * 3 < PAGE_MAX_BYTES * len(self._pages):
            self._close_ranks()

    def pages(self, *, without: str) -> list[str]:
        """Each page's items with commas between them; the item of one key is left out."""
        own = self._home.get(without)
        pages = [_text(page) if page is not own else _text_without(page, without) for page in self._pages]
        return [page for page in pages if page]

    def _close_ranks(self) -> None:
        """Many went: fewer pages hold what is left."""
        items = [each for page in self._pages for each in page.items.items()]
        self._pages, self._home, self._size_bytes = [], {}, 0
        for key, item in items:
            self.put(key, item)


def in_pages(items: Iterable[str]) -> list[str]:
    """The same for what is not kept."""
    pages: list[list[str]] = []
    size_bytes = PAGE_MAX_BYTES
    for item in items:
        size_bytes += size_of(item)
        if size_bytes > PAGE_MAX_BYTES:
            pages.append([])
            size_bytes = size_of(item)
        pages[-1].append(item)
    return [",".join(page) for page in pages]


def size_of(item: str) -> int:
    """In bytes, with the comma behind it."""
    return len(item.encode("utf-8", "surrogatepass")) + 1


def _text(page: _Page) -> str:
    if page.joined is None:
        page.joined = ",".join(page.items.values())
    return page.joined


def _text_without(page: _Page, key: str) -> str:
    """Each item is another JSON object, and none is found within another's strings, where quotes are escaped."""
    item = page.items[key]
    before, _, after = _text(page).partition(item)
    return before[:-1] + after if not after else before + after[1:]
