const WAYS_OUT: Readonly<Record<string, string>> = {
  EMFILE: 'the agent has no file descriptors left (EMFILE): raise its limit (LimitNOFILE, ulimit -n)',
  ENFILE: 'this host has no file descriptors left (ENFILE): find what uses them up, or raise fs.file-max',
}

/** What to tell where an error of the system means that no file descriptor is left; null where it means something else. */
export function noDescriptors(code: string): string | null {
  return WAYS_OUT[code] ?? null
}
