import { maskToken } from '../../lib/secret.ts'
import { oneLine } from '../../lib/text.ts'
import { fit, paint, textWidth, type Colour, type Style } from '../screen.ts'
import { alertsOf, type Draft } from './draft.ts'
import type { PlannedMonitor } from './plan.ts'

interface Surroundings {
  readonly kumaUrl: string
  /** Of Kuma. */
  readonly version: string
  readonly file: string
  readonly intervalSeconds: number
}

type Shown = Pick<Draft, 'plan' | 'alerts' | 'isMute' | 'prune' | 'newKumaUrl'>
type Sign = '+' | '-' | '!' | ' '
type Row = readonly [sign: Sign, type: string, name: string, about: string]

const COLOURS: Readonly<Record<Sign, Colour | null>> = {
  '+': 'green',
  '-': 'red',
  '!': 'yellow',
  ' ': null,
}

const MUTE = '! Kuma has no notification yet, so nobody is alerted: set one up there and attach it'

/** Formats the plan as a diff: first of Kuma, then of the file. */
export function formatPlan(draft: Shown, surroundings: Surroundings, style: Style): string {
  const { kumaUrl, version, file } = surroundings
  const kuma = kumaRows(draft, surroundings)
  const width = Math.max(0, ...kuma.map(([, , name]) => textWidth(name)))
  const lines = kuma.map(([sign, type, name, about]) =>
    paint(`${sign} ${type.padEnd(5)}  ${fit(name, width)}  ${about}`.trimEnd(), COLOURS[sign], style),
  )
  const edits = fileRows(draft).map(([sign, text]) => paint(`${sign} ${text}`, COLOURS[sign], style))
  return [
    `Uptime Kuma ${oneLine(version)} at ${kumaUrl}`,
    ...lines,
    ...(draft.isMute ? [paint(MUTE, COLOURS['!'], style)] : []),
    ...(edits.length === 0 ? [] : ['', file, ...edits]),
    '',
  ].join('\n')
}

function kumaRows({ plan, alerts, prune }: Shown, { intervalSeconds }: Surroundings): Row[] {
  const by = (monitor: PlannedMonitor | null): string => {
    const names = alertsOf(alerts, monitor).map(({ name }) => `"${oneLine(name)}"`)
    return names.length === 0 ? '' : `alerts by ${names.join(', ')}`
  }
  const rows: Row[] = []
  if (plan.make.length > 0 && plan.group.id === null) {
    rows.push(['+', 'group', oneLine(plan.group.name), by(null)])
  }
  for (const monitor of plan.make) {
    const about = [scope(monitor.programs), `every ${intervalSeconds} s`, by(monitor)]
    rows.push(['+', 'push', oneLine(monitor.kumaName), about.filter(Boolean).join(', ')])
  }
  for (const { name, programs, doubt } of plan.keep) {
    const about = scope(programs)
    rows.push(
      doubt === null
        ? [' ', 'push', oneLine(name), about]
        : ['!', 'push', oneLine(name), `${about}: ${doubt}`],
    )
  }
  for (const { kumaName, why } of plan.surplus) {
    rows.push(
      prune
        ? ['-', 'push', oneLine(kumaName), why]
        : ['!', 'push', oneLine(kumaName), `${why}; --prune removes it`],
    )
  }
  return rows
}

function fileRows({ plan, newKumaUrl, prune }: Shown): (readonly [Sign, string])[] {
  const rows: (readonly [Sign, string])[] = []
  if (newKumaUrl !== null) rows.push(['+', `[kuma] url = ${JSON.stringify(newKumaUrl)}`])
  for (const { name, token, programs, isWritten } of plan.make) {
    if (isWritten) continue
    const globs = programs.length === 0 ? '' : `  programs = ${JSON.stringify(programs)}`
    rows.push(['+', `[[monitor]] name = ${JSON.stringify(name)}  token = "${maskToken(token)}"${globs}`])
  }
  for (const { name } of prune ? plan.surplus : []) {
    rows.push(['-', `[[monitor]] name = ${JSON.stringify(name)}`])
  }
  return rows
}

function scope(programs: readonly string[]): string {
  return programs.length === 0 ? 'the whole supervisord' : oneLine(programs.join(', '))
}
