// A server of its own and a browser to look at it with.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AxeBuilder } from '@axe-core/playwright'
import { chromium } from 'playwright-core'

const STARTS_WITHIN_MS = 180_000
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
/** What a page is held to: WCAG 2.2, level AA. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** A demonstration in a folder of its own. */
export class Server {
  static async start(binary) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'trellis-browser-'))
    // the database server may run as a user of its own, which has to get in
    fs.chmodSync(folder, 0o711)
    const server = new Server(folder)
    const output = fs.openSync(server.log, 'w')
    const data = path.join(folder, 'data')
    const listen = ['--listen', '127.0.0.1:0', '--web-listen', '127.0.0.1:0']
    server.process = spawn(binary, ['demo', '--data-dir', data, ...listen], {
      stdio: ['ignore', output, output],
    })
    server.ended = once(server.process, 'exit')
    const list = path.join(data, 'sign-ins', 'all.json')
    for (const deadline = Date.now() + STARTS_WITHIN_MS; !fs.existsSync(list);) {
      if (server.process.exitCode !== null || Date.now() > deadline) {
        throw new Error(`the server did not start:\n${server.said()}`)
      }
      await sleep(50)
    }
    Object.assign(server, JSON.parse(fs.readFileSync(list, 'utf8')))
    return server
  }

  constructor(folder) {
    this.folder = folder
    this.log = path.join(folder, 'log')
  }

  said() {
    return fs.readFileSync(this.log, 'utf8').slice(-4000)
  }

  signIn(file) {
    return this.sign_ins.find((one) => one.file === file)
  }

  /** Whether it ended well. */
  async stop() {
    if (this.process.exitCode === null) this.process.kill('SIGTERM')
    await this.ended
    const well = this.process.exitCode === 0
    if (!well) console.log(this.said())
    fs.rmSync(this.folder, { recursive: true, force: true })
    return well
  }
}

/** A browser, and somebody who looks closely at every page it shows. */
export class Browser {
  static async start(executablePath, pages, output, check) {
    const browser = await chromium.launch({ executablePath, args: FLAGS })
    return Object.assign(new Browser(), { browser, pages, output, check })
  }

  /** A window of its own in which somebody signs in; `script` false is a browser without one. */
  async as(signIn, { script = true } = {}) {
    const context = await this.browser.newContext({
      baseURL: this.pages,
      javaScriptEnabled: script,
      viewport: { width: 1280, height: 900 },
    })
    context.setDefaultTimeout(15_000)
    const page = await context.newPage()
    page.on('pageerror', (error) => this.check(`no error in ${page.url()}`, false, error.message))
    page.on('console', (message) => {
      // a refused form is answered as one; Chromium writes that to its console
      const refused = message.text().includes('status of 422')
      if (message.type() === 'error' && !refused) {
        this.check(`nothing wrong in ${page.url()}`, false, message.text())
      }
    })
    await page.goto('/sign-in')
    await page.locator(`button[value="${signIn}"]`).click()
    return page
  }

  /** Looks at a page: no violation, a screenshot kept, no other tenant's record in its source. */
  async look(page, name, foreign = []) {
    const found = await new AxeBuilder({ page }).withTags(RULES).analyze()
    const violations = found.violations.map(
      (of) => `${of.id}: ${of.nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`,
    )
    this.check(`${name} is accessible`, violations.length === 0, violations)
    await this.keep(page, name)
    const source = await page.content()
    for (const other of foreign) {
      this.check(`${name} holds nothing of ${other}`, !source.includes(other))
    }
  }

  async keep(page, name) {
    await page.screenshot({ path: path.join(this.output, `${name}.png`), fullPage: true })
  }

  async stop() {
    await this.browser.close()
  }
}
