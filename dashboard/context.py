"""Template context of every page."""


def page(request) -> dict:
    return {}
