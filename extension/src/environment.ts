/**
 * The environment that our Python processes get: an allow list of what the system, the locale, temporary folders and
 * proxies need. Everything else stays outside, above all what makes Python or the dynamic loader run other code
 * (PYTHONPATH, PYTHONSTARTUP, LD_PRELOAD) and what changes where models come from (HF_*).
 */
const NAMES = new Set([
  ...["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TMP", "TEMP"],
  ...["SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PATHEXT", "COMSPEC"],
  ...["NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE"],
  ...["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"],
  ...["OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"],
]);
/** LC_*: locale; XDG_*: where caches go; TINYLM_*: our own. */
const PREFIXES = ["LC_", "XDG_", "TINYLM_"];
/** pip reads its package index and certificates from these; only set-up gets them. */
const PIP_PREFIX = "PIP_";

export type Environment = Record<string, string>;

/** Return the variables of `source` that a Python process of ours may see. Names compare without case, as on Windows. */
export function serverEnvironment(source: NodeJS.ProcessEnv): Environment {
  return pick(source, (name) => NAMES.has(name) || PREFIXES.some((prefix) => name.startsWith(prefix)));
}

/** The same, with what configures pip. */
export function pipEnvironment(source: NodeJS.ProcessEnv): Environment {
  return { ...serverEnvironment(source), ...pick(source, (name) => name.startsWith(PIP_PREFIX)) };
}

function pick(source: NodeJS.ProcessEnv, allowed: (name: string) => boolean): Environment {
  const picked: Environment = {};
  for (const [name, value] of Object.entries(source)) {
    if (value !== undefined && allowed(name.toUpperCase())) picked[name] = value;
  }
  return picked;
}
