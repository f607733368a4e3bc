"""The server in a real Emacs with eglot, connected and painted by the Lisp of docs/editors/emacs.md itself."""

import sys

import pytest
from editor_runs import TEXT, configuration, find_editor, run_editor

TIMEOUT_S = 180

# Runs in a batch Emacs after the page's own configuration. What it finds goes to a file as JSON. Batch mode has no
# idle time, so the connection and the change notification are asked for.
CHECK = """
(require 'json)
(setq eglot-sync-connect t eglot-connect-timeout 60)
(defvar found nil)
(defun note (key value) (push (cons key value) found))

(defun wait-for (what test)
  (let ((until (+ (float-time) 60)) (got nil))
    (while (not (setq got (ignore-error jsonrpc-error (funcall test))))
      (when (> (float-time) until) (error "never came: %s" what))
      (accept-process-output nil 0.1))
    got))

(defun hover-at-point ()
  (let ((answer (jsonrpc-request (eglot--current-server-or-lose) :textDocument/hover
                                 (eglot--TextDocumentPositionParams) :timeout 30)))
    (plist-get (plist-get answer :contents) :value)))

(defun painted ()
  (mapcar (lambda (overlay)
            (vector (overlay-start overlay) (overlay-end overlay) (symbol-name (overlay-get overlay 'face))))
          (sort (seq-filter (lambda (overlay) (overlay-get overlay 'tinylm)) (overlays-in (point-min) (point-max)))
                (lambda (a b) (< (overlay-start a) (overlay-start b))))))

(condition-case problem
    (progn
      (find-file "story.txt")
      (apply #'eglot (eglot--guess-contact))
      (note 'language (plist-get (eglot--TextDocumentItem) :languageId))
      (search-forward " the")
      (backward-char 2)
      (note 'hover (wait-for "scores" (lambda ()
                                        (let ((text (hover-at-point)))
                                          (and text (string-match-p "surprisal" text) text)))))
      (goto-char (line-end-position 0)) ; after "Once upon a time"
      (note 'before (buffer-substring (line-beginning-position) (point)))
      (note 'words (vconcat (wait-for "completions" (lambda ()
                                                      (all-completions "" (nth 2 (eglot-completion-at-point)))))))
      (wait-for "tokens" (lambda () (tinylm-tokens) t))
      (note 'painted (vconcat (painted)))
      (goto-char (point-min))
      (insert "Here: ")
      (tinylm-tokens)
      (note 'repainted (vconcat (painted)))
      (note 'text (buffer-string))
      (set-buffer-modified-p nil)
      (eglot-shutdown (eglot--current-server-or-lose)))
  (error (note 'problem (error-message-string problem))))
(let ((coding-system-for-write 'utf-8)) (write-region (json-encode found) nil (getenv "TINYLM_FOUND")))
"""


@pytest.fixture(scope="module")
def found(model_directory, tmp_path_factory):
    """What the check found in one run of Emacs; None without Emacs."""
    path = find_editor("emacs", "emacs-nox elpa-eglot")
    if path is None:
        return None
    replacements = {
        '"python3"': f'"{sys.executable}"',
        ':path ""': f':path "{model_directory}"',
        # Connecting from the hook waits for idle time, which a batch Emacs never has; the check connects itself.
        "(add-hook 'text-mode-hook #'eglot-ensure)": "",
    }
    lisp = "(package-initialize)\n" + configuration("emacs.md", "elisp", replacements)
    # -q and not -Q: the latter hides Debian's package folder, where eglot lies.
    command = [path, "-q", "--batch", "-l", "init.el", "-l", "check.el"]
    folder = tmp_path_factory.mktemp("emacs")
    return run_editor(folder, command, {"init.el": lisp, "check.el": CHECK}, {"LC_ALL": "C.UTF-8"}, TIMEOUT_S)


def tiles(painted, text):
    """Return whether the overlays cover the text, each character once; Emacs counts characters from 1."""
    ends = [1, *(end for _, end, _ in painted)]
    starts = [*(start for start, _, _ in painted), len(text) + 1]
    return ends == starts


def test_emacs_connects_and_hovers(found):
    """A `.txt` file has the language "text" there, and the hover at point rests on the model."""
    if found is None:
        return
    assert found["language"] == "text"
    assert "the" in found["hover"]
    assert "surprisal" in found["hover"]


def test_emacs_completes(found):
    """`completion-at-point` after a word offers the words that may come next."""
    if found is None:
        return
    assert found["before"] == "Once upon a time"
    assert found["words"]


def test_emacs_paints_every_character_once(found):
    if found is None:
        return
    assert tiles(found["painted"], TEXT)
    assert {face for _, _, face in found["painted"]} == {"tinylm-even", "tinylm-odd"}


def test_emacs_repaints_after_an_edit(found):
    if found is None:
        return
    assert found["text"] == "Here: " + TEXT
    assert tiles(found["repainted"], found["text"])
