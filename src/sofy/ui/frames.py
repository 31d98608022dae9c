"""A page of somebody else's making in a frame of ours: its styles hold, nothing in it runs, sends or leads away."""

from collections.abc import Callable

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp_replace, csp_update
from django.http import HttpResponseBase
from django.views.decorators.clickjacking import xframe_options_sameorigin

View = Callable[..., HttpResponseBase]

#: For the page that has the frame.
shows_a_frame = csp_update({"frame-src": [SELF]})

_RULES = csp_replace({
    "default-src": [NONE], "style-src": [UNSAFE_INLINE], "img-src": ["https:", "data:"], "script-src": [NONE],
    "form-action": [NONE], "frame-ancestors": [SELF], "sandbox": True,
})  # fmt: skip


def framed(view: View) -> View:
    """For the page in the frame.

    It needs an address of its own, since a page in `srcdoc` takes the rules of ours, under which no style of it holds.
    """
    return xframe_options_sameorigin(_RULES(view))
