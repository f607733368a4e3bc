"""The interactive generation demo: a state machine, a terminal app on top of it, and a plain rendering of the same.

    outlook.py       one distribution over the next token: what each filter cut, and where a draw falls
    session.py       the tree of tokens: step, back, pick, branch, and the sampling settings
    cells.py         token bytes to what a person reads
    plain.py         one line a token, for pipes and screen readers
    app.py           the Textual app; panes.py, view.py, slider.py, keys.py and help.py are what it shows

Nothing here trains, and only app.py and its widgets know that a terminal exists.
"""
