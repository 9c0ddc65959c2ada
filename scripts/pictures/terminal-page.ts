import { ansiToHtml } from './ansi-to-html.ts'

/** A page that shows commands and their output as a terminal does. */
export function terminalPage(shown: readonly { command: string; output: string }[]): string {
  const body = shown
    .map(({ command, output }) => `<b>$</b> ${ansiToHtml(command)}\n${ansiToHtml(output.trimEnd())}\n`)
    .join('\n')
  return `<!doctype html><meta charset="utf-8"><style>
body { margin: 0; background: #fff }
#terminal { display: inline-block; background: #0d1117; border-radius: 8px; overflow: hidden }
#bar { height: 30px; background: #21262d; display: flex; align-items: center; gap: 8px; padding: 0 12px }
#bar i { width: 12px; height: 12px; border-radius: 50%; background: #484f58 }
pre { margin: 0; padding: 14px 18px; color: #d1d7e0; font: 14px/1.4 'DejaVu Sans Mono', monospace }
pre b { color: #58a6ff; font-weight: normal }
</style><div id="terminal"><div id="bar"><i></i><i></i><i></i></div><pre>${body}</pre></div>`
}
