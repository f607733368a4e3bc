"""The server in a real Neovim, connected and painted by the Lua of docs/editors/neovim.md itself."""

import sys

import pytest
from editor_runs import TEXT, configuration, find_editor, run_editor

TIMEOUT_S = 120

# Runs inside Neovim after the page's own configuration. What it finds goes to a file as JSON.
CHECK = """
local found = {}
local ok, problem = pcall(function()
  assert(vim.wait(30000, function()
    local client = vim.lsp.get_active_clients()[1]
    return client ~= nil and client.initialized
  end, 20), 'the server did not answer initialize')
  local client = vim.lsp.get_active_clients()[1]
  found.encoding = client.offset_encoding
  found.language = vim.bo.filetype
  local function ask(method, line, character, more)
    local parameters = {
      textDocument = vim.lsp.util.make_text_document_params(0),
      position = { line = line, character = character },
    }
    for name, value in pairs(more or {}) do parameters[name] = value end
    local answers = vim.lsp.buf_request_sync(0, method, parameters, 30000)
    local answer = answers and answers[client.id]
    found.answer = vim.inspect(answer)
    return answer and answer.result -- an error while the model is being loaded
  end
  assert(vim.wait(60000, function()
    local hover = ask('textDocument/hover', 1, 5)
    found.hover = hover and hover.contents.value or ''
    return found.hover:find('surprisal') ~= nil
  end, 100), 'no scores came: ' .. tostring(found.answer))

  -- As Ctrl-X Ctrl-O does it: the words that may stand where the one before the cursor begins.
  local list
  assert(vim.wait(30000, function()
    list = ask('textDocument/completion', 0, 16)
    return list and #list.items > 0
  end, 100), 'no completions came: ' .. tostring(found.answer))
  found.words = {}
  for _, item in ipairs(vim.lsp.util.text_document_completion_list_to_complete_items(list, 'time')) do
    table.insert(found.words, item.word)
  end
  local ghost = ask('textDocument/inlineCompletion', 0, 16, { context = { triggerKind = 1 } })
  found.ghost = ghost and ghost.items[1] and ghost.items[1].insertText or ''

  found.hints = {}
  local everything = { start = { line = 0, character = 0 }, ['end'] = { line = 9, character = 0 } }
  for _, hint in ipairs(ask('textDocument/inlayHint', 0, 0, { range = everything }) or {}) do
    table.insert(found.hints, { hint.position.line, hint.position.character, hint.label })
  end

  vim.cmd('TinyLMTokens')
  local bands = vim.api.nvim_get_namespaces().tinylm
  local function marks() return vim.api.nvim_buf_get_extmarks(0, bands, 0, -1, { details = true }) end
  assert(vim.wait(30000, function() return #marks() > 0 end, 20), 'nothing was painted')
  found.painted = {}
  for _, mark in ipairs(marks()) do
    table.insert(found.painted, { mark[2], mark[3], mark[4].end_row, mark[4].end_col, mark[4].hl_group })
  end

  local at = { line = 0, character = 7 }
  local actions = ask('textDocument/codeAction', 0, 0, {
    range = { start = at, ['end'] = at }, context = { diagnostics = {}, triggerKind = 1 },
  })
  assert(actions and #actions > 0, 'no code action: ' .. tostring(found.answer))
  found.action = actions[1].title
  vim.lsp.util.apply_workspace_edit(actions[1].edit, client.offset_encoding)
  found.replaced = vim.api.nvim_buf_get_lines(0, 0, 1, false)[1]
  vim.cmd('silent undo')

  local before = #marks()
  vim.api.nvim_buf_set_text(0, 0, 0, 0, 0, { 'Here: ' })
  vim.cmd('doautocmd TextChanged')
  assert(vim.wait(30000, function() return #marks() > before end, 20), 'the change was not painted')
  found.line = vim.api.nvim_get_current_line()
end)
found.problem = not ok and tostring(problem) or nil
vim.fn.writefile({ vim.json and vim.json.encode(found) or vim.fn.json_encode(found) }, vim.env.TINYLM_FOUND)
vim.cmd('qall!')
"""


@pytest.fixture(scope="module")
def found(model_directory, tmp_path_factory):
    """What the check found in one run of Neovim; None without Neovim."""
    path = find_editor("nvim", "neovim")
    if path is None:
        return None
    folder = tmp_path_factory.mktemp("neovim")
    lua = configuration(
        "neovim.md", "lua", {"'python3'": f"'{sys.executable}'", "path = ''": f"path = '{model_directory}'"}
    )
    command = [path, "--headless", "-n", "-i", "NONE", "-u", "init.lua", "story.txt", "-c", "luafile check.lua"]
    homes = {name: str(folder / "home") for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")}
    return run_editor(folder, command, {"init.lua": lua, "check.lua": CHECK}, homes, TIMEOUT_S)


def test_neovim_connects_and_hovers(found):
    """A `.txt` file has the language "text" there, positions are UTF-16, and the hover rests on the model."""
    if found is None:
        return
    assert found["language"] == "text"
    assert found["encoding"] == "utf-16"
    assert "surprisal" in found["hover"]


def test_neovim_completes(found):
    """What stands before the cursor is part of every proposal, so that Neovim's own filter keeps it."""
    if found is None:
        return
    assert found["words"]
    assert all(word.startswith("time") and word != "time" for word in found["words"])
    assert "\n" not in found["ghost"]


def test_neovim_paints_every_byte_once(found):
    """The painted cells tile the text in bytes, in bands that alternate in a line, with no character cut in two."""
    if found is None:
        return
    lines = TEXT.encode().split(b"\n")[:-1]
    at = (0, 0)
    previous = (-1, "")
    for start_line, start, end_line, end, group in found["painted"]:
        assert (start_line, start) == at
        assert group in ("TinyLMEven", "TinyLMOdd")
        assert (start_line, group) != previous
        lines[start_line][:start].decode()
        lines[end_line][:end].decode()
        at, previous = (end_line, end), (start_line, group)
    assert at == (len(lines) - 1, len(lines[-1]))


def test_neovim_gets_a_mark_at_every_boundary_inside_a_line(found):
    """The inlay hints that the page turns on stand where the painted cells meet."""
    if found is None:
        return
    lines = TEXT.split("\n")
    marks = [
        (line, len(lines[line].encode("utf-16-le")[: 2 * at].decode("utf-16-le").encode()))
        for line, at, _ in found["hints"]
    ]
    painted = [(line, start) for line, start, end_line, _, _ in found["painted"] if start and end_line == line]
    # The last painted cell is a line end, which Neovim ends with the buffer's last line.
    assert marks == [place for place in painted if place[1] < len(lines[place[0]].encode())]
    assert {label for _, _, label in found["hints"]} == {"│"}


def test_neovim_replaces_a_token(found):
    """A code action puts an alternative in the place of the token under the cursor, and of nothing else."""
    if found is None:
        return
    assert found["action"].startswith("Replace ")
    assert found["replaced"] != "Once upon a time"
    assert found["replaced"].startswith("Once")
    assert found["replaced"].endswith("a time")


def test_neovim_repaints_after_a_change(found):
    if found is None:
        return
    assert found["line"].startswith("Here: ")
