/** All were started long before anybody asked, in Unix seconds. */
const STARTED = 1_750_000_000

/** What supervisord answers to `supervisor.getAllProcessInfo`, with so many programs that all run. */
export function processInfos(programs: number, nowSeconds: number, fatal = new Set<number>()): string {
  return array(
    Array.from({ length: programs }, (_, index) =>
      struct({
        name: `program_${index}`,
        group: `program_${index}`,
        start: STARTED,
        stop: 0,
        now: nowSeconds,
        ...(fatal.has(index)
          ? { state: 200, statename: 'FATAL', spawnerr: "can't find command '/srv/app'", pid: 0 }
          : { state: 20, statename: 'RUNNING', spawnerr: '', pid: 10_000 + index }),
        exitstatus: 0,
        logfile: `/var/log/supervisor/program_${index}-stdout---supervisor-x0h1w2e3.log`,
        stdout_logfile: `/var/log/supervisor/program_${index}-stdout---supervisor-x0h1w2e3.log`,
        stderr_logfile: `/var/log/supervisor/program_${index}-stderr---supervisor-y4k5s6u7.log`,
        description: `pid ${10_000 + index}, uptime 1 day, 3:46:${String(nowSeconds % 60).padStart(2, '0')}`,
      }),
    ),
  )
}

/** An array of values that are written already. */
export function array(values: readonly string[]): string {
  return `<value><array><data>\n${values.join('')}</data></array></value>\n`
}

/** A whole answer. */
export function answer(value: string): string {
  return `<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n${value}</param>\n</params>\n</methodResponse>\n`
}

export function scalar(value: string | number): string {
  return typeof value === 'number'
    ? `<value><int>${value}</int></value>\n`
    : `<value><string>${value}</string></value>\n`
}

function struct(members: Readonly<Record<string, string | number>>): string {
  const texts = Object.entries(members).map(
    ([name, value]) => `<member>\n<name>${name}</name>\n${scalar(value)}</member>\n`,
  )
  return `<value><struct>\n${texts.join('')}</struct></value>\n`
}
