// Makes the pictures of the README from the real programs: a real Kuma in a real browser, and a real terminal's output.
// By hand, as root for the packages: sh scripts/install-packages.sh chromium fonts-dejavu-core supervisor; npm run pictures
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { chromium, type Page } from 'playwright-core'
import { startKuma } from '../../test/helpers/kuma.ts'
import { startHost } from './host.ts'
import { terminalPage } from './terminal-page.ts'

const FOLDER = join(import.meta.dirname, '../../docs/pictures')
const CHROMIUM = '/usr/bin/chromium'
const LARGEST_BYTES = 120_000
const COLUMNS = 80
/** Until Kuma's bars are full, at a heartbeat every 4 s. */
const BEFORE_MS = 45_000
/** So that what is broken can be seen in them; the group's own look comes every 20 s. */
const AFTER_MS = 25_000

const kuma = await startKuma()
const host = await startHost({ url: kuma.url, ...kuma.account })
const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
})
try {
  const page = await browser.newPage({ viewport: { width: 1240, height: 620 } })
  await logIn(page)
  await sleep(BEFORE_MS)
  await host.breakProgram()
  await sleep(AFTER_MS)
  // Without the notices of the page that something has changed just now.
  await page.reload()
  await page.getByText('Quick Stats').waitFor()
  await page.locator('.monitor-list [data-icon="chevron-down"]').first().click()
  await page.getByText('web-1 / web').first().waitFor()
  await sleep(2_000)
  await save('kuma.png', (path) => page.screenshot({ path }))

  const command = 'kuma-supervisor-push status'
  const output = await host.show(['status'], COLUMNS)
  await page.setContent(terminalPage([{ command, output }]))
  await save('status.png', (path) => page.locator('#terminal').screenshot({ path, omitBackground: true }))
} finally {
  await browser.close()
  await host.stop()
  await kuma.stop()
}

async function logIn(page: Page): Promise<void> {
  await page.goto(`${kuma.url}/dashboard`)
  await page.getByPlaceholder('Username').fill(kuma.account.username)
  await page.getByPlaceholder('Password').fill(kuma.account.password)
  await page.keyboard.press('Enter')
  await page.getByText('Quick Stats').waitFor()
}

async function save(name: string, shoot: (path: string) => Promise<unknown>): Promise<void> {
  const path = join(FOLDER, name)
  await shoot(path)
  const { size } = await stat(path)
  process.stdout.write(`${name}: ${Math.round(size / 1000)} kB\n`)
  if (size > LARGEST_BYTES) throw new Error(`${name} has ${size} bytes, more than ${LARGEST_BYTES}`)
}
