/**
 * The page of a webview: a strict content security policy, one script and one style sheet of ours (`extension/views`,
 * bundled into dist/views), nothing from the network and nothing inline. What the page shows is the view's business.
 */
import { randomBytes } from "node:crypto";
import { Uri } from "vscode";
import type { Webview, WebviewOptions } from "vscode";

/** Options of a panel that shows `pageOf`: scripts of ours, and no file outside dist/views. */
export function webviewOptions(extensionUri: Uri): WebviewOptions {
  return { enableScripts: true, enableForms: false, enableCommandUris: false, localResourceRoots: [viewsFolder(extensionUri)] };
}

/** The page of the view `name`; its script builds everything below `<main>`. */
export function pageOf(webview: Webview, extensionUri: Uri, name: string, title: string): string {
  const nonce = randomBytes(16).toString("base64url");
  const file = (suffix: string): string => webview.asWebviewUri(Uri.joinPath(viewsFolder(extensionUri), `${name}.${suffix}`)).toString();
  const policy = `default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${file("css")}">
<title>${title}</title>
</head>
<body>
<main></main>
<script nonce="${nonce}" src="${file("js")}"></script>
</body>
</html>`;
}

function viewsFolder(extensionUri: Uri): Uri {
  return Uri.joinPath(extensionUri, "dist", "views");
}
