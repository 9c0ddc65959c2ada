// Looks that were recorded from a real supervisord (bench/verdicts/record-replay.ts), judged again.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { decodeRecording, encodeRecording, play } from '../helpers/replay.ts'

const recordings: [file: string, statuses: readonly ('up' | 'down')[]][] = [
  ['deploys', ['up']],
  ['crash-loop', ['up', 'down', 'up']],
  ['slow-start', ['up', 'down']],
  ['oom-kill', ['up', 'down', 'up']],
]

for (const [file, statuses] of recordings) {
  describe(`the recorded ${file}`, () => {
    const text = readFileSync(new URL(`../fixtures/replay/${file}.json`, import.meta.url), 'utf8')
    const recording = decodeRecording(text)

    it('gives the verdicts it should, and the same whenever it is played', () => {
      const first = play(recording)
      assert.deepEqual(first, recording.timeline)
      assert.deepEqual(play(recording), first)
      assert.deepEqual(
        first.map((line) => line.split(' ')[2]),
        statuses,
      )
    })

    it('does not change when every snapshot is judged three times', () => {
      const thrice = recording.snapshots.flatMap((snapshot) => [snapshot, snapshot, snapshot])
      assert.deepEqual(play({ ...recording, snapshots: thrice }), recording.timeline)
    })

    it('is written as it was read', () => assert.equal(encodeRecording(recording), text))
  })
}
