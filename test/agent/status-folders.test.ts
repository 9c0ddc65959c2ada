import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ownStatusFolder, statusFolders } from '../../src/agent/status-folders.ts'

test('an agent tells its status in the first of its folders: of the unit, of the user, of root', () => {
  const user = { XDG_RUNTIME_DIR: '/run/user/1000' }
  assert.equal(ownStatusFolder({ ...user, RUNTIME_DIRECTORY: '/run/a:/run/b' }, true), '/run/a')
  assert.equal(ownStatusFolder(user, true), '/run/user/1000/kuma-supervisor-push')
  assert.equal(ownStatusFolder({}, true), '/run/kuma-supervisor-push-root')
  assert.equal(ownStatusFolder({}, false), null)
})

test('an empty variable names no folder', () => {
  const env = { RUNTIME_DIRECTORY: '', XDG_RUNTIME_DIR: '' }
  assert.equal(ownStatusFolder(env, false), null)
  assert.deepEqual(statusFolders(env), ['/run/kuma-supervisor-push', '/run/kuma-supervisor-push-root'])
})
