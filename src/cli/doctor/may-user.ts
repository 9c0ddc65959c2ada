import { execFile } from 'node:child_process'

/** Whether another user may read (`-r`) or write (`-w`) a file, as the kernel decides it; only root can ask. */
export function mayUser(user: string, right: '-r' | '-w', path: string): Promise<boolean> {
  const as = ['--reuid', user, '--regid', user, '--init-groups']
  return new Promise((resolve) => {
    execFile('setpriv', [...as, 'test', right, path], { timeout: 5_000 }, (error) => resolve(error === null))
  })
}
