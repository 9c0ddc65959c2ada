/**
 * supervisord has one thread, which answers one question at a time and does nothing else meanwhile: of its time, all our
 * questions together take no more than this share.
 */
export const SHARE_OF_SUPERVISORD = 0.05

/** The part of it that the checks take by themselves; the rest is for those that something rang for. */
export const SHARE_OF_CHECKS = 0.04
