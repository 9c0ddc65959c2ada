/** Saves when it is told to, one time after the other. */
export interface Saver {
  /** Saves soon: once, however often it is called before that begins; what changes meanwhile is in the next time. */
  soon(): void
  /** Waits for what is under way, and saves for the last time. */
  last(): Promise<void>
}

/** @param onFailure called with what `save` was rejected with, but for the last time, whose rejection is the caller's */
export function createSaver(save: () => Promise<void>, onFailure: (error: unknown) => void): Saver {
  let saving = Promise.resolve()
  let isDue = false
  const saveNow = (): Promise<void> => {
    isDue = false
    return save()
  }
  return {
    soon() {
      if (!isDue) saving = saving.then(saveNow).catch(onFailure)
      isDue = true
    },
    async last() {
      await saving
      await saveNow()
    },
  }
}
