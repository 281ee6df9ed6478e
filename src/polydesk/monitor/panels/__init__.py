"""What each part of a page shows: from a session's view to plain values for the browser, in one language."""
