import { spawn } from 'node:child_process'

export interface CommandResult {
  /** Null when a signal ended it. */
  code: number | null
  stdout: string
  stderr: string
}

export interface RunOptions {
  input?: string
  /** Total; the command and its children are killed after it. Default 3 min. */
  timeoutMs?: number
  env?: Record<string, string>
}

/** Runs a command to its end; any exit code is a result, only a timeout or a missing program is an error. */
export function runCommand(command: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  const { input = '', timeoutMs = 180_000, env } = options
  const [file = '', ...args] = command
  return new Promise((resolve, reject) => {
    // A group of its own: nsenter forks, and killing it alone would leave the command running.
    const child = spawn(file, args, { detached: true, ...(env && { env }) })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.stdin.on('error', () => undefined).end(input)
    const timer = setTimeout(() => {
      if (child.pid !== undefined) killGroup(child.pid)
      child.stdout.destroy()
      child.stderr.destroy()
      reject(new Error(`${command.join(' ')} timed out after ${timeoutMs} ms\n${stdout}${stderr}`))
    }, timeoutMs)
    child.on('error', (error) => {
      clearTimeout(timer)
      reject(new Error(`cannot run ${file}: ${error.message}`))
    })
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ code, stdout, stderr })
    })
  })
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It ended by itself meanwhile.
  }
}
