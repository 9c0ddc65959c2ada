import { maskToken } from '../../lib/secret.ts'
import { oneLine } from '../../lib/text.ts'
import { paint, type Colour, type Style } from '../screen.ts'
import { fit, textWidth } from '../screen.ts'
import type { Plan } from './plan.ts'

export interface PlanWords {
  readonly kumaUrl: string
  readonly version: string
  readonly file: string
  /** To be written into the file; null where it is not. */
  readonly newKumaUrl: string | null
  readonly intervalSeconds: number
  /** What a new monitor alerts by, by its token; the group's under null. */
  readonly alerts: (token: string | null) => readonly string[]
  /** Whether new monitors should alert, and Kuma has nothing to alert by. */
  readonly isMute: boolean
  readonly prune: boolean
}

type Row = readonly [sign: '+' | '-' | '!' | ' ', what: string, name: string, about: string]

const COLOURS: Readonly<Record<Row[0], Colour | null>> = {
  '+': 'green',
  '-': 'red',
  '!': 'yellow',
  ' ': null,
}

const MUTE = '! Kuma has no notification yet, so nobody is alerted: set one up there and attach it'

/** The plan as a diff: first what becomes of Kuma, then of the file. */
export function describePlan(plan: Plan, words: PlanWords, style: Style): string {
  const kuma = kumaRows(plan, words)
  const file = fileRows(plan, words)
  const width = Math.max(0, ...kuma.map(([, , name]) => textWidth(name)))
  const lines = kuma.map(([sign, what, name, about]) =>
    paint(`${sign} ${what.padEnd(5)}  ${fit(name, width)}  ${about}`.trimEnd(), COLOURS[sign], style),
  )
  const edits = file.map(([sign, text]) => paint(`${sign} ${text}`, COLOURS[sign], style))
  return [
    `Uptime Kuma ${oneLine(words.version)} at ${words.kumaUrl}`,
    ...lines,
    ...(words.isMute ? [paint(MUTE, COLOURS['!'], style)] : []),
    ...(edits.length === 0 ? [] : ['', words.file, ...edits]),
    '',
  ].join('\n')
}

function kumaRows(plan: Plan, { intervalSeconds, alerts, prune }: PlanWords): Row[] {
  const by = (token: string | null): string => {
    const names = alerts(token)
    return names.length === 0 ? '' : `, alerts by ${names.map((name) => `"${oneLine(name)}"`).join(', ')}`
  }
  const isNewGroup = plan.make.length > 0 && plan.group.id === null
  return [
    ...(isNewGroup ? [['+', 'group', oneLine(plan.group.name), by(null).slice(2)] as const] : []),
    ...plan.make.map(({ kumaName, programs, token }): Row => [
      '+',
      'push',
      oneLine(kumaName),
      `${scope(programs)}, every ${intervalSeconds} s${by(token)}`,
    ]),
    ...plan.keep.map(({ name, programs, doubt }): Row => [
      doubt === null ? ' ' : '!',
      'push',
      oneLine(name),
      doubt === null ? scope(programs) : `${scope(programs)}: ${doubt}`,
    ]),
    ...plan.surplus.map(({ kumaName, why }): Row => [
      prune ? '-' : '!',
      'push',
      oneLine(kumaName),
      prune ? why : `${why}; --prune removes it`,
    ]),
  ]
}

function fileRows(plan: Plan, { newKumaUrl, prune }: PlanWords): (readonly [Row[0], string])[] {
  return [
    ...(newKumaUrl === null ? [] : [['+', `[kuma] url = ${JSON.stringify(newKumaUrl)}`] as const]),
    ...plan.make
      .filter(({ isWritten }) => !isWritten)
      .map(({ name, token, programs }) => {
        const globs = programs.length === 0 ? '' : `  programs = ${JSON.stringify(programs)}`
        return [
          '+',
          `[[monitor]] name = ${JSON.stringify(name)}  token = "${maskToken(token)}"${globs}`,
        ] as const
      }),
    ...(prune ? plan.surplus : []).map(
      ({ name }) => ['-', `[[monitor]] name = ${JSON.stringify(name)}`] as const,
    ),
  ]
}

function scope(programs: readonly string[]): string {
  return programs.length === 0 ? 'the whole supervisord' : oneLine(programs.join(', '))
}
