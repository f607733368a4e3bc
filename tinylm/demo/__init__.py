"""The interactive generation demo: a terminal app over a session (`tinylm.session`), and a plain rendering of the same.

    cells.py         token bytes to what a person reads
    plain.py         one line a token, for pipes and screen readers
    app.py           the Textual app; panes.py, view.py, slider.py, keys.py and help.py are what it shows

Nothing here trains, and only app.py and its widgets know that a terminal exists.
"""
