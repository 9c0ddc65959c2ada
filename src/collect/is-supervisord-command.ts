/** What supervisord's own files are called like, by the ends of their names. */
const FILES = /\.(?:sock|socket|conf|ini|toml|log|pid|service|d)$/

/**
 * Whether a command line, the text of `/proc/<pid>/cmdline`, is that of a supervisord: of the program itself, and not of one
 * that is only told where supervisord's files are, as an agent in a container of its own, which has the same pid 1 there.
 */
export function isSupervisordCommand(commandLine: string): boolean {
  // Options have values; supervisord's own come after its name.
  const [before = ''] = commandLine.split(/[\0 ]--/, 1)
  return before.split(/[\0 ]/).some((word) => /supervisord[^/]*$/.test(word) && !FILES.test(word))
}
