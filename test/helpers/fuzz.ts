import { seededRandom } from './seeded-random.ts'

/** How many inputs of each kind: KSP_FUZZ_ROUNDS, or what fits into the unit tests. */
export const FUZZ_ROUNDS = Number(process.env['KSP_FUZZ_ROUNDS'] ?? 2000)
/** KSP_FUZZ_SEED repeats another run. */
export const FUZZ_SEED = Number(process.env['KSP_FUZZ_SEED'] ?? 20_260)

const SCRAPS = ['', '\n', '\r\n', '\0', '"', "'", '\\', '{', '}', '[', ']', '(', ')', ':', ';', ',', '<', '>', '=', '%', '/', '//', '..', '?', '#', '@', '-1', '0', '9'.repeat(20), '1e999', 'null', 'true', '\u2028', '\ud800', '🦉', 'ö', '__proto__', ' ', '\t', 'x'.repeat(300)] // prettier-ignore

/** Makes foreign input out of good samples: cut, doubled, mixed, and with scraps in it; the same for the same seed. */
export function createMutator(samples: readonly string[], seed = FUZZ_SEED) {
  const random = seededRandom(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T
  const text = (): string => {
    let made = pick(samples)
    for (let times = below(5); times > 0; times--) {
      const at = below(made.length + 1)
      const to = at + below(30)
      const other = pick(samples)
      made = pick([
        () => made.slice(0, at) + pick(SCRAPS) + made.slice(random() < 0.5 ? at : to),
        () => made.slice(0, at) + made.slice(to),
        () => made.slice(0, to) + made.slice(at),
        () => made.slice(0, at) + other.slice(below(other.length)),
        () => made.slice(0, at),
      ])()
    }
    return made
  }
  return { random, below, pick, text }
}
