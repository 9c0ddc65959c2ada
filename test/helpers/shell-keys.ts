import { spawn } from 'node:child_process'

/** A shell at a terminal of its own: what it is given is read as keys, a tab completes. */
export interface ShellKeys {
  /** Types a command line, ends it by return, and gives the arguments that the command got. */
  type: (keys: string) => Promise<string[]>
  end: () => void
}

/**
 * Starts an interactive shell after some lines of set-up, with a function in the place of the command that tells its
 * arguments. Terminals come from `script`, which every Debian has.
 */
export function openShell(shell: readonly string[], setUp: string, command: string): ShellKeys {
  const child = spawn('script', ['-qfec', shell.join(' '), '/dev/null'], {
    env: { PATH: process.env['PATH'], TERM: 'dumb', LC_ALL: 'C.UTF-8', HISTFILE: '' },
  })
  let output = ''
  let listener = (): void => {}
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    listener()
  })
  // Its own words are written so that they do not look like what it will print.
  child.stdin.write(
    `${setUp}\n${command}() { printf '%s' 'got'':' ; printf '<%s>' "$@"; printf '%s\\n' ':en''d'; }\n`,
  )
  return {
    async type(keys) {
      output = ''
      child.stdin.write(`${keys}\n`)
      const deadline = AbortSignal.timeout(60_000)
      for (;;) {
        const [, told] = /got:(.*?):end/s.exec(output) ?? []
        if (told !== undefined) return [...told.matchAll(/<([^>]*)>/g)].map(([, argument = '']) => argument)
        await new Promise<void>((resolve, reject) => {
          listener = resolve
          deadline.addEventListener('abort', () => reject(new Error(`${shell[0]} told nothing: ${output}`)))
        })
      }
    },
    end: () => void child.kill('SIGKILL'),
  }
}
