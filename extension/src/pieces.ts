/**
 * Reads the cells of a document piece by piece: a piece is scored in about the time of one window, so whoever else asks
 * the server (the painter above all) never waits long behind one.
 */
import { Range } from "vscode";
import type { CancellationToken, Position, TextDocument } from "vscode";
import type { Server } from "./client";
import { TokensRequest } from "./protocol";
import type { TokensResult } from "./protocol";
import { decodeCells } from "./tokens";
import type { Cell } from "./tokens";

/** Some 500 tokens of English. */
const PIECE_CHARACTERS = 2000;

/** LSP's ContentModified: another version than the server's, or overtaken by a newer request for the document. */
const CONTENT_MODIFIED = -32801;
const RETRY_MS = 150;

export interface Piece {
  readonly result: TokensResult;
  readonly cells: readonly Cell[];
}

export function numberOfPieces(document: TextDocument): number {
  return Math.max(1, Math.ceil(lengthOf(document) / PIECE_CHARACTERS));
}

export function pieceAt(document: TextDocument, position: Position): number {
  return Math.min(numberOfPieces(document) - 1, Math.floor(document.offsetAt(position) / PIECE_CHARACTERS));
}

export function rangeOfPiece(document: TextDocument, piece: number): Range {
  const at = (offset: number) => document.positionAt(offset);
  return new Range(at(piece * PIECE_CHARACTERS), at((piece + 1) * PIECE_CHARACTERS));
}

/** Ask for the cells that touch a range. Asks again when it was overtaken; rejects when the document has changed. */
export async function cellsTouching(server: Server, document: TextDocument, range: Range, scores: boolean, token: CancellationToken): Promise<Piece> {
  const { version } = document;
  for (;;) {
    const converter = server.converter;
    if (converter === null) throw new Error("The TinyLM server is not running.");
    const params = { textDocument: converter.asTextDocumentIdentifier(document), version, ranges: [converter.asRange(range)], scores };
    try {
      const result = await server.request(TokensRequest, params, token);
      return { result, cells: decodeCells(result) };
    } catch (error) {
      if (!isContentModified(error) || document.version !== version || token.isCancellationRequested) throw error;
    }
    await new Promise((next) => setTimeout(next, RETRY_MS));
  }
}

/** Ask for the cells that begin in a piece, so that each cell of the document belongs to one piece. */
export async function readPiece(server: Server, document: TextDocument, piece: number, scores: boolean, token: CancellationToken): Promise<Piece> {
  const range = rangeOfPiece(document, piece);
  const last = piece === numberOfPieces(document) - 1;
  const { result, cells } = await cellsTouching(server, document, range, scores, token);
  const inside = cells.filter((cell) => {
    const { start } = rangeOfCell(cell);
    return start.isAfterOrEqual(range.start) && (last || start.isBefore(range.end));
  });
  return { result, cells: inside };
}

export function rangeOfCell(cell: Cell): Range {
  return new Range(cell.startLine, cell.startCharacter, cell.endLine, cell.endCharacter);
}

/** The bytes of a cell's tokens: its text in UTF-8. */
export function bytesOfCell(document: TextDocument, cell: Cell): number {
  return Buffer.byteLength(document.getText(rangeOfCell(cell)), "utf8");
}

export function isContentModified(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === CONTENT_MODIFIED;
}

function lengthOf(document: TextDocument): number {
  return document.offsetAt(document.lineAt(document.lineCount - 1).range.end);
}
