/** The units a supervisord is run by, best first: RHEL's and hand-made ones, then Debian's and Ubuntu's. */
const SUPERVISOR_UNITS = ['supervisord.service', 'supervisor.service'] as const

const TYPES = 'service socket target device mount automount swap timer path slice scope'.split(' ')

/**
 * The full names of the units a name of the configuration stands for: `auto`, or a name whose `.service` may be left
 * out, as for systemctl.
 */
export function unitNames(name: string): readonly string[] {
  if (name === 'auto') return SUPERVISOR_UNITS
  const type = name.slice(name.lastIndexOf('.') + 1)
  return [name.includes('.') && TYPES.includes(type) ? name : `${name}.service`]
}
