import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { problemsOf } from '../helpers/load-text.ts'
import { seededRandom } from '../helpers/seeded-random.ts'

/** Rounds of the fuzz; `KSP_FUZZ_ROUNDS` makes it longer. */
const ROUNDS = Number(process.env['KSP_FUZZ_ROUNDS'] ?? 1500)

const example = readFileSync(join(import.meta.dirname, '../../config.example.toml'), 'utf8')
const uncommented = example.replaceAll(/^#(\w+ = )/gm, '$1').replaceAll(/^ *#.*\n/gm, '')

const SCRAPS = [
  '[[monitor]]', '[agent]', '[', ']', '{', '}', '"', "'", '"""', "'''", '=', '.', ',', '#', '\n', '\r\n', '\r', '\\', '\0',
  '\uFEFF', '\ud800', '💥', '0', '-1', '1e999', 'nan', '1979-05-27', 'true', '__proto__', 'token', 'http://', '\\u0000', ' ',
] // prettier-ignore

test('loads or refuses anything, by ConfigError alone, one line to a problem', async () => {
  const random = seededRandom(7)
  const below = (count: number) => Math.floor(random() * count)
  for (let round = 0; round < ROUNDS; round++) {
    let toml = random() < 0.5 ? uncommented : example
    for (let change = below(5); change >= 0; change--) {
      const at = below(toml.length)
      const until = at + (random() < 0.5 ? 0 : below(20))
      const scrap =
        random() < 0.3 ? toml.slice(below(toml.length)).slice(0, below(60)) : SCRAPS[below(SCRAPS.length)]
      toml = toml.slice(0, at) + (scrap ?? '') + toml.slice(until)
    }
    // problemsOf passes on every error that is no ConfigError.
    for (const problem of await problemsOf(toml)) {
      assert.doesNotMatch(problem, /[\n\0]/, toml)
      assert.ok(problem.length < 600, problem)
    }
  }
})

test('refuses random bytes as a file by ConfigError alone', async () => {
  const random = seededRandom(11)
  for (let round = 0; round < ROUNDS / 10; round++) {
    const content = Buffer.from(Array.from({ length: 200 }, () => Math.floor(random() * 256)))
    assert.notDeepEqual(await problemsOf({ content }), [])
  }
})

test('takes any text in any option by ConfigError alone', async () => {
  const random = seededRandom(13)
  for (let round = 0; round < ROUNDS / 3; round++) {
    const word = () =>
      Array.from(
        { length: 1 + Math.floor(random() * 4) },
        () => SCRAPS[Math.floor(random() * SCRAPS.length)],
      ).join('')
    const flags = {
      token: word(),
      kumaUrl: `http://${word()}`,
      supervisorUrl: `${word()}://${word()}`,
      unit: word(),
      programs: [word()],
      pushEvery: word(),
      config: word(),
    }
    await problemsOf(null, {
      flags,
      env: { KSP_SCHEDULE: `${word()} * * * *`, KSP_PUSH_URL: `http://${word()}` },
    })
  }
})
