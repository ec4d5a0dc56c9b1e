// Shows figures as they change. Without it every page works, and is reloaded to see what is new.
import { initAll } from './nhsuk.js'

document.body.classList.add('js-enabled', 'nhsuk-frontend-supported')
initAll()

const live = document.querySelector('[data-live]')
if (live) follow(live.dataset.live)

function follow(address) {
  const waiting = new Map()
  let stream
  let announced = 0

  const show = (id, html) => {
    const part = document.getElementById(id)
    if (!part) return
    // What has the focus stays as it is until the focus has moved on.
    if (part.contains(document.activeElement)) waiting.set(id, html)
    else part.innerHTML = html
  }
  const state = (text) => {
    document.getElementById('live-state').textContent = text
  }
  const open = () => {
    stream = new EventSource(address)
    stream.addEventListener('open', () => state('Updates by itself.'))
    stream.addEventListener('error', () => state('Not connected; trying again.'))
    stream.addEventListener('part', (event) => {
      const { id, html } = JSON.parse(event.data)
      show(id, html)
    })
    stream.addEventListener('moved', (event) => {
      if (Date.now() - announced < 15000) return
      announced = Date.now()
      document.getElementById('announcement').textContent = event.data
    })
    stream.addEventListener('end', () => {
      stream.close()
      state('No longer updated; reload the page.')
    })
  }

  document.addEventListener('focusout', () => {
    setTimeout(() => {
      for (const [id, html] of [...waiting]) {
        waiting.delete(id)
        show(id, html)
      }
    })
  })
  window.addEventListener('pagehide', () => stream.close())
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) open()
  })
  open()
}
