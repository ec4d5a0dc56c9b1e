// Uses the pages as people do: signs in, opens every page of every role, takes a candidate from
// application to a joint decision, is refused, and does the same in a browser without scripts.
//
// run.mjs <trellis binary> <chromium> <folder for screenshots>; the last line is `N passed,
// N failed`, and the exit code says the same.

import fs from 'node:fs'
import { Browser, Server } from './browser.mjs'

const report = { passed: 0, failed: 0 }

function check(what, holds, instead = '') {
  if (holds) {
    report.passed += 1
    return
  }
  report.failed += 1
  console.log(`FAILED: ${what}`, instead)
}

const EMPLOYER = 'northmoor.employer_hr'
const WATCHER = 'northmoor.service_manager'
const UNIVERSITY = 'wexcombe.admissions_tutor'

const field = (page, name) => page.locator(`[name="${name}"]`)
const choose = (page, name, value) => page.locator(`[name="${name}"][value="${value}"]`).check()
const figure = (page, name) => page.locator(`[data-figure="${name}"]`)
const number = async (page, name) => Number(await figure(page, name).innerText())

/** Opens a form from the record it is about. */
async function open(page, record, act) {
  await page.goto(record)
  await page.getByRole('link', { name: act, exact: true }).click()
}

/** Sends the form and comes to the record that was written. */
async function send(page) {
  const sent = await page.locator('h1').innerText()
  await page.locator('form[action^="/acts/"] > button.nhsuk-button[type="submit"]').click()
  await page.waitForURL(/done=/)
  const said = await page.getByRole('alert').innerText()
  check(`“${sent}” is confirmed`, said.includes(sent), said)
  return new URL(page.url()).pathname
}

async function apply(page, name) {
  await page.goto('/pipeline')
  await page.locator('a[href^="/records/vacancies/"]').first().click()
  await page.getByRole('link', { name: 'Apply for a vacancy' }).click()
  await field(page, 'name').fill(name)
  await field(page, 'contact').fill('candidate@invented.example')
  await field(page, 'statement').fill('I have worked with people in recovery for two years.')
  await choose(page, 'entry_source', 'external')
  await choose(page, 'degree', 'held')
  await field(page, 'degree_detail').fill('Invented University, psychology, first class')
  await field(page, 'effective').fill('2029-10-09')
  return send(page)
}

async function score(page, list) {
  const points = page.locator(`[name^="${list}."][name$=".points"]`)
  const count = await points.count()
  check('the own criteria are there to be scored', count > 0)
  for (let at = 0; at < count; at += 1) await points.nth(at).fill('70')
}

async function shortlist(page, application) {
  await open(page, application, 'Record your side’s shortlist')
  await choose(page, 'shortlisted', 'yes')
  await score(page, 'scores')
  await field(page, 'reason').fill('Meets what we ask for.')
  await field(page, 'effective').fill('2029-10-15')
  return send(page)
}

async function decide(page, application) {
  await open(page, application, 'Record your side’s decision')
  await choose(page, 'decision.verdict', 'accept')
  await score(page, 'decision.scores')
  await field(page, 'decision.reason').fill('Convincing in the interview.')
  return send(page)
}

async function interviewAndOpen(page, application) {
  await open(page, application, 'Record an interview')
  await field(page, 'held_date').fill('2029-10-22')
  await choose(page, 'panel', 'service_manager')
  await choose(page, 'panel', 'admissions_tutor')
  await choose(page, 'panel', 'expert_by_experience')
  await field(page, 'effective').fill('2029-10-22')
  await send(page)
  await open(page, application, 'Open the decision round')
  await field(page, 'deadline').fill('2030-01-31T12:00:00Z')
  return send(page)
}

/** Every page of every role of every tenant; each page of a tenant is looked at closely once. */
async function everyPage(server, browser) {
  const closely = new Set()
  const kind = (signIn) => signIn.file.split('.')[0]
  // Who has nothing to do with whom; nobody is shown what another organisation holds of people.
  const others = { northmoor: ['severnvale', 'calderbridge'], severnvale: ['northmoor', 'wexcombe'] }
  const invented = ['Invented Candidate Live', 'Invented Candidate Plain', 'candidate@invented.example']
  for (const signIn of server.sign_ins) {
    const page = await browser.as(signIn.file)
    const links = page.locator('.nhsuk-header__navigation-list a')
    const hrefs = await links.evaluateAll((all) => all.map((link) => link.getAttribute('href')))
    check(`${signIn.file} has pages`, hrefs.length > 1, hrefs)
    const foreign = (others[kind(signIn)] ?? []).flatMap((slug) => {
      const other = server.sign_ins.find((one) => one.file.startsWith(`${slug}.`))
      return [other.name, other.acts_for.split('/')[1]]
    })
    if (!['northmoor', 'wexcombe'].includes(kind(signIn)) && signIn.role !== 'candidate') foreign.push(...invented)
    if (signIn.role === 'candidate') {
      const own = page.locator('a[href^="/records/applications/"]')
      check(`${signIn.file} sees the own application`, (await own.count()) > 0)
    }
    for (const href of hrefs) {
      const answer = await page.goto(href)
      check(`${signIn.file} is shown ${href}`, answer.status() === 200, answer.status())
      const policy = answer.headers()['content-security-policy'] ?? ''
      check(`${href} loads nothing from elsewhere`, policy.startsWith("default-src 'none'"), policy)
      await isFresh(page, `${signIn.file} ${href}`)
      const source = await page.content()
      for (const other of foreign) check(`${signIn.file}${href} holds nothing of ${other}`, !source.includes(other))
      const once = `${kind(signIn)}${href}`
      if (!closely.has(once)) {
        closely.add(once)
        await browser.look(page, `${signIn.file}${href.replace('/', '.')}`)
      }
    }
    await page.context().close()
  }
}

/** A page says which view it shows, up to which position and as of when, and how far that lags. */
async function isFresh(page, what) {
  const fresh = await page.locator('#freshness').innerText()
  const view = /as of .* (?:is known|known at .*) and .* position [\d,]+ of your feed, (nothing left to come|.* behind, the oldest for \d+ seconds)\. View \w+, version \d+\./
  const none = fresh.startsWith('Your role has no dashboard')
  check(`${what} says how fresh it is`, (none || view.test(fresh)) && /Read at \d\d:\d\d:\d\d/.test(fresh), fresh)
}

/** From a figure to its records, to what happened to one, by whom and under which policies; and away. */
async function fromFigureToEvent(browser) {
  const page = await browser.as(WATCHER)
  await page.goto('/overview')
  await figure(page, 'applications').getByRole('link').click()
  check('the figure leads to its records', new URL(page.url()).pathname === '/figures/applications', page.url())
  await isFresh(page, 'a list')
  await browser.look(page, 'behind.figure')
  await page.locator('tbody a[href^="/timeline/applications/"]').first().click()
  await isFresh(page, 'a timeline')
  await browser.look(page, 'behind.timeline')
  const events = await page.locator('tbody tr').allInnerTexts()
  const submitted = events.find((event) => event.startsWith('Application submitted')) ?? ''
  check('an event says who acted', submitted.includes('Candidate'), events)
  check('and which policies it used', events.some((event) => /[a-z_]+\.[a-z_]+ \d+/.test(event)), events)
  await page.locator('tbody a[href^="/records/"]').first().click()
  await isFresh(page, 'a record')
  await page.goto('/acts')
  await page.locator('a[href^="/acts/"]').first().click()
  await isFresh(page, 'a form')
  await page.goto('/overview')
  const files = await page.locator('a[download]').evaluateAll((all) => all.map((link) => link.getAttribute('href')))
  check('there are files to take away', files.length === 3, files)
  for (const file of files) {
    const answer = await page.request.get(file)
    const bytes = await answer.body()
    const sound = file.endsWith('.xlsx') ? bytes.subarray(0, 2).toString() === 'PK' : bytes.includes('application')
    check(`${file} comes`, answer.status() === 200 && sound, answer.status())
  }
  await page.context().close()
}

/** Everybody finds something to do: what the demonstration leaves open. */
async function openWork(browser) {
  const open = {
    [EMPLOYER]: [
      ['/decisions', 'awaiting_shortlist', 2],
      ['/decisions', 'awaiting_joint_outcome', 1],
      ['/supervision', 'supervision_gaps_open', 1],
      ['/commitments', 'commitments_due', 3],
      ['/disputes', 'disputes_open', 1],
    ],
    [UNIVERSITY]: [
      ['/decisions', 'awaiting_shortlist', 2],
      ['/decisions', 'awaiting_joint_outcome', 1],
    ],
    'commissioner.commissioner_national': [
      ['/commitments', 'commitments_due', 3],
      ['/money', 'awards_approved', 1],
      ['/disputes', 'disputes_open', 1],
    ],
    'wexcombe.programme_lead': [['/board', 'referred', 1]],
  }
  for (const [who, figures] of Object.entries(open)) {
    const page = await browser.as(who)
    for (const [path, name, least] of figures) {
      await page.goto(path)
      const there = await figure(page, name).count()
      const shown = there ? Number((await figure(page, name).first().innerText()).replaceAll(',', '')) : 0
      check(`${who} finds ${name} on ${path}`, shown >= least, shown)
    }
    await page.context().close()
  }
}

/** A dispute is raised by the auditor, read and answered by a party, and found on by the auditor. */
async function disputeOnThePages(browser) {
  const employer = await browser.as(EMPLOYER)
  await employer.goto('/disputes')
  await browser.look(employer, 'journey.disputes')
  const dispute = await employer.locator('a[href^="/records/disputes/"]').first().getAttribute('href')
  await open(employer, dispute, 'Answer a dispute')
  await field(employer, 'answer').fill('The log was kept by hand that week.')
  await field(employer, 'effective').fill('2029-10-08')
  await send(employer)
  const auditor = await browser.as('meridian.auditor')
  await auditor.goto('/disputes')
  check('the auditor may raise one', (await auditor.getByRole('link', { name: 'Raise a dispute' }).count()) > 0)
  await auditor.goto(dispute)
  const said = await auditor.locator('main').innerText()
  check('the auditor reads the answer', said.includes('kept by hand'), said)
  await open(auditor, dispute, 'Resolve a dispute')
  await choose(auditor, 'finding', 'rejected')
  await field(auditor, 'words').fill('The hand-written log agrees.')
  await field(auditor, 'effective').fill('2029-10-08')
  await send(auditor)
  await employer.goto('/disputes')
  check('and it is closed', (await number(employer, 'disputes_open')) === 0)
  for (const page of [employer, auditor]) await page.context().close()
}

/** A decision, recorded by two parties, and a third window in which the figures change. */
async function decisionWithFiguresLive(browser) {
  const [employer, university, watcher] = [
    await browser.as(EMPLOYER),
    await browser.as(UNIVERSITY),
    await browser.as(WATCHER),
  ]
  await watcher.goto('/overview')
  await watcher.getByText('Updates by itself.').waitFor()
  const before = await number(watcher, 'applications')
  const waiting = await number(watcher, 'awaiting_joint_outcome')
  const application = await apply(employer, 'Invented Candidate Live')
  await browser.look(employer, 'journey.application')
  await becomes(watcher, 'applications', before + 1)
  await shortlist(employer, application)
  await shortlist(university, application)
  await interviewAndOpen(employer, application)
  await becomes(watcher, 'awaiting_joint_outcome', waiting + 1)
  await refusal(browser, employer, application)
  await decide(employer, application)
  await becomes(watcher, 'awaiting_joint_outcome', waiting + 1)

  // What the employer has sealed does not show at the university, nor that it has.
  await university.goto('/decisions')
  const row = university.getByRole('row', { name: 'Invented Candidate Live' })
  check('the other side’s seal does not show', (await row.innerText()).includes('Nothing sealed yet'))
  await browser.look(university, 'journey.decisions')

  await decide(university, application)
  await becomes(watcher, 'awaiting_joint_outcome', waiting)
  await employer.goto(application)
  check('both sides’ word is revealed', (await employer.locator('main').innerText()).includes('Appointed'))
  await browser.look(employer, 'journey.appointed')
  await browser.keep(watcher, 'journey.overview')
  for (const page of [employer, university, watcher]) await page.context().close()
}

async function becomes(page, name, value) {
  try {
    await page.waitForFunction(
      ([figure, shown]) => document.querySelector(`[data-figure="${figure}"]`)?.innerText === shown,
      [name, String(value)],
    )
    check(`${name} becomes ${value} without a reload`, true)
  } catch {
    check(`${name} becomes ${value} without a reload`, false, await figure(page, name).innerText())
  }
}

/** What the service refuses is said at its field, and what was put in stays. */
async function refusal(browser, page, application) {
  await open(page, application, 'Record your side’s decision')
  await choose(page, 'decision.verdict', 'reject')
  await score(page, 'decision.scores')
  await field(page, 'decision.reason').fill('Not this time.')
  await page.locator('form[action^="/acts/"] > button.nhsuk-button[type="submit"]').click()
  const group = page.locator('.nhsuk-form-group--error', { has: field(page, 'decision.grounds') })
  await group.waitFor()
  const said = await group.locator('.nhsuk-error-message').innerText()
  const summary = page.locator('.nhsuk-error-summary__list a')
  check('the summary says the same', said.includes(await summary.innerText()), said)
  check('what was put in stays', (await field(page, 'decision.reason').inputValue()) === 'Not this time.')
  await summary.click()
  const focused = await page.evaluate(() => document.activeElement.getAttribute('name'))
  check('the summary leads to the field', focused === 'decision.grounds', focused)
  await browser.look(page, 'journey.refusal')
}

/** The same journey in browsers without scripts. */
async function withoutScript(browser) {
  const employer = await browser.as(EMPLOYER, { script: false })
  const university = await browser.as(UNIVERSITY, { script: false })
  await employer.goto('/overview')
  const before = await number(employer, 'applications')
  const waiting = await number(employer, 'awaiting_joint_outcome')
  const application = await apply(employer, 'Invented Candidate Plain')
  await shortlist(employer, application)
  await shortlist(university, application)
  await interviewAndOpen(employer, application)
  await decide(employer, application)
  await decide(university, application)
  await university.getByRole('link', { name: 'See the figures' }).click()
  check('a reload shows the figures', (await number(university, 'awaiting_joint_outcome')) === waiting)
  await employer.goto('/overview')
  check('and the application', (await number(employer, 'applications')) === before + 1)
  await browser.keep(employer, 'plain.overview')
  const links = employer.locator('.nhsuk-header__navigation-list a')
  for (const href of await links.evaluateAll((all) => all.map((link) => link.getAttribute('href')))) {
    const answer = await employer.goto(href)
    check(`${href} is there without scripts`, answer.status() === 200, answer.status())
    await isFresh(employer, `${href} without scripts`)
  }
  await employer.getByRole('button', { name: 'Sign out' }).click()
  await employer.goto('/overview')
  check('who has signed out is asked to sign in', employer.url().includes('/sign-in'))
  for (const page of [employer, university]) await page.context().close()
}

async function strangersAreKeptOut(server) {
  const ask = (path, options) => fetch(`${server.pages}${path}`, { redirect: 'manual', ...options })
  check('nobody is shown nothing', (await ask('/overview')).headers.get('location')?.startsWith('/sign-in'))
  check('nobody follows figures', (await ask('/live/overview')).status === 204)
  const foreign = await ask('/sign-in', { method: 'POST', headers: { origin: 'http://other.example' } })
  check('a form of another site is not taken', foreign.status === 421, foreign.status)
  const asset = await ask('/assets/any/nhsuk.css')
  check('styles are kept for good', asset.headers.get('cache-control')?.includes('immutable'))
  check('and are those of the package', (await asset.text()).includes('nhsuk-summary-list'))
}

async function run([binary, chromium, output]) {
  fs.rmSync(output, { recursive: true, force: true })
  fs.mkdirSync(output, { recursive: true })
  const server = await Server.start(binary)
  let browser
  try {
    await strangersAreKeptOut(server)
    browser = await Browser.start(chromium, server.pages, output, check)
    await openWork(browser)
    await disputeOnThePages(browser)
    await decisionWithFiguresLive(browser)
    await withoutScript(browser)
    await fromFigureToEvent(browser)
    await everyPage(server, browser)
  } finally {
    await browser?.stop()
    check('the server stops when asked', await server.stop())
  }
}

if (process.argv.length !== 5) {
  console.error('run.mjs <trellis binary> <chromium> <folder for screenshots>')
  process.exit(2)
}
try {
  await run(process.argv.slice(2))
} catch (error) {
  console.error(error)
  report.failed += 1
}
console.log(`${report.passed} passed, ${report.failed} failed`)
process.exitCode = report.failed ? 1 : 0
