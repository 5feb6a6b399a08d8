// Draws the figures of a report into the page. Runs in the browser, with the globals d3 and Plot; the data is a
// ReportData of sim/report/report-data.ts. Colours are CSS variables, so that light, dark and paper need no redrawing.
const data = JSON.parse(document.getElementById('data').textContent)
const HEIGHT = 250
/** Below this width there is room for every second label. */
const NARROW = 400
const COLOURS = ['var(--c1)', 'var(--c2)', 'var(--c3)', 'var(--c5)', 'var(--c6)', 'var(--c4)']
const UNITS = [
  ['d', 86400000],
  ['h', 3600000],
  ['min', 60000],
  ['s', 1000],
]
const DELAYS = [1, 10, 100, 1000, 10000, 60000, 600000, 3600000, 6 * 3600000, 86400000, 7 * 86400000]
const percent = (share) => `${Number((share * 100).toPrecision(3))}%`
// There is no half a node.
const count = (number) => (Number.isInteger(number) ? d3.format('~s')(number) : '')
const [timeUnit, timeUnitMs] = UNITS.find(([, ms]) => data.durationMs >= 3 * ms) ?? UNITS[3]

function duration(ms) {
  const [unit, unitMs] = UNITS.find(([, length]) => ms >= length) ?? ['ms', 1]
  return `${Number((ms / unitMs).toPrecision(3))} ${unit}`
}

const timeAxis = () => ({ label: `simulated time (${timeUnit})`, domain: [0, data.durationMs / timeUnitMs] })
const at = (name) => (row) => row[name] / timeUnitMs
const atSample = at('t_ms')

/** When something was done to the network: a line or a band, named once. */
function faultMarks() {
  const lasting = data.faults.filter((fault) => fault.toMs > fault.fromMs)
  const sudden = data.faults.filter((fault) => fault.toMs === fault.fromMs)
  return [
    Plot.rectX(lasting, { x1: at('fromMs'), x2: at('toMs'), fill: 'var(--c4)', fillOpacity: 0.1 }),
    Plot.ruleX(sudden, { x: at('fromMs'), stroke: 'var(--c4)', strokeDasharray: '3,3' }),
    Plot.text(data.faults, {
      x: at('fromMs'),
      text: 'kind',
      frameAnchor: 'top',
      textAnchor: 'start',
      dx: 4,
      dy: -2,
      fill: 'var(--c4)',
    }),
  ]
}

function legend(entries) {
  const element = document.createElement('div')
  element.className = 'legend'
  for (const [name, colour] of entries) {
    const entry = document.createElement('span')
    const swatch = document.createElement('i')
    swatch.style.background = colour
    entry.append(swatch, name)
    element.append(entry)
  }
  return element
}

const plot = (width, options) =>
  Plot.plot({
    width,
    height: HEIGHT,
    marginLeft: 52,
    marginRight: 16,
    marginBottom: 38,
    style: { background: 'transparent', color: 'inherit' },
    ...options,
  })

/** Long tables of (time, series, value) from columns of the samples. */
const long = (columns) =>
  columns.flatMap(([name, series]) => data.samples.map((row) => ({ t: atSample(row), series, value: row[name] })))

const lines = (rows, names) => ({
  legend: names.map((name, i) => [name, COLOURS[i]]),
  color: { domain: names, range: COLOURS.slice(0, names.length) },
  marks: [
    Plot.lineY(rows, { x: 't', y: 'value', stroke: 'series', strokeWidth: 1.8 }),
    Plot.tip(rows, Plot.pointer({ x: 't', y: 'value', stroke: 'series' })),
  ],
})

const figures = {
  delivery(width) {
    if (!data.samples.some((row) => row.sent > 0)) {
      return ['no messages were sent in this run']
    }
    const names = [
      'sent',
      'delivered',
      ...['pending', 'failed'].filter((name) => data.samples.some((row) => row[name] > 0)),
    ]
    const { marks, color, legend: entries } = lines(long(names.map((name) => [name, name])), names)
    const y = { label: 'messages', grid: true, nice: true, tickFormat: count }
    return [
      legend(entries),
      plot(width, { x: timeAxis(), y, color, marks: [Plot.ruleY([0]), ...faultMarks(), ...marks] }),
    ]
  },

  delay(width) {
    if (data.delays.length === 0) {
      return ['no message was delivered in this run']
    }
    const names = Object.keys(data.delayCounts)
    const colours = { direct: 'var(--c1)', letter: 'var(--c2)', 'all sent': 'var(--quiet)' }
    // Logarithms on a linear scale: a logarithmic one of Plot labels powers of ten alone.
    const rows = data.delays.map((row) => ({ ...row, x: Math.log10(Math.max(row.x, 1)) }))
    const domain = [d3.min(rows, (row) => row.x) - 0.15, d3.max(rows, (row) => row.x) + 0.15]
    const x = {
      domain,
      label: 'delay',
      ticks: DELAYS.map(Math.log10).filter(
        (x, i) => x >= domain[0] && x <= domain[1] && (width >= NARROW || i % 2 === 0),
      ),
      tickFormat: (x) => duration(10 ** x),
    }
    return [
      legend(names.map((name) => [`${name} (${data.delayCounts[name].toLocaleString('en-US')})`, colours[name]])),
      plot(width, {
        x,
        y: { label: 'delivered', domain: [0, 1], grid: true, tickFormat: percent },
        color: { domain: names, range: names.map((name) => colours[name]) },
        marks: [
          Plot.ruleY([0, 1], { strokeOpacity: 0.3 }),
          ...names.map((name) =>
            Plot.lineY(
              rows.filter((row) => row.series === name),
              {
                x: 'x',
                y: 'y',
                stroke: 'series',
                strokeWidth: 1.8,
                curve: 'step-after',
                strokeDasharray: name === 'all sent' ? '4,3' : undefined,
              },
            ),
          ),
          Plot.tip(
            rows,
            Plot.pointerX({
              x: 'x',
              y: 'y',
              stroke: 'series',
              format: { x: (x) => duration(10 ** x), y: percent },
            }),
          ),
        ],
      }),
    ]
  },

  nodes(width) {
    if (data.samples.length === 0) {
      return ['no samples were taken in this run']
    }
    return [
      plot(width, {
        x: timeAxis(),
        y: { label: 'nodes', grid: true, nice: true, zero: true, tickFormat: count },
        marks: [
          Plot.areaY(data.samples, { x: atSample, y: 'nodes_up', fill: 'var(--c3)', fillOpacity: 0.15 }),
          Plot.lineY(data.samples, { x: atSample, y: 'nodes_up', stroke: 'var(--c3)', strokeWidth: 1.8 }),
          Plot.ruleY([0]),
          ...faultMarks(),
          Plot.tip(data.samples, Plot.pointerX({ x: atSample, y: 'nodes_up' })),
        ],
      }),
    ]
  },

  replicas(width) {
    const rows = data.samples.filter((row) => row.replicas_mean !== null)
    if (!rows.some((row) => row.replicas_mean > 0)) {
      return ['no letter was kept in this run']
    }
    return [
      plot(width, {
        x: timeAxis(),
        y: { label: 'copies of a letter', grid: true, nice: true, zero: true },
        marks: [
          Plot.areaY(rows, {
            x: atSample,
            y1: 'replicas_min',
            y2: 'replicas_mean',
            fill: 'var(--c5)',
            fillOpacity: 0.15,
          }),
          Plot.lineY(rows, { x: atSample, y: 'replicas_min', stroke: 'var(--c5)', strokeOpacity: 0.55 }),
          Plot.lineY(rows, { x: atSample, y: 'replicas_mean', stroke: 'var(--c5)', strokeWidth: 1.8 }),
          Plot.ruleY([0]),
          ...faultMarks(),
          Plot.tip(rows, Plot.pointerX({ x: atSample, y: 'replicas_mean', channels: { fewest: 'replicas_min' } })),
        ],
      }),
    ]
  },

  hops(width) {
    if (data.hops.length === 0) {
      return ['no lookups were made in this run']
    }
    const total = d3.sum(data.hops, (bar) => bar.count)
    const rows = data.hops.map((bar) => ({
      ...bar,
      share: bar.count / total,
      outcome: bar.found ? 'found' : 'not found',
    }))
    const mean = d3.sum(data.hops, (bar) => bar.hops * bar.count) / total
    const names = ['found', 'not found'].filter((name) => rows.some((row) => row.outcome === name))
    const colours = names.map((name) => (name === 'found' ? 'var(--c1)' : 'var(--c4)'))
    return [
      legend(names.map((name, i) => [name, colours[i]])),
      plot(width, {
        x: {
          label: `hops (mean ${mean.toFixed(2)}, ${total.toLocaleString('en-US')} lookups)`,
          type: 'band',
          domain: d3.range(0, d3.max(rows, (row) => row.hops) + 1),
        },
        y: { label: 'lookups', grid: true, tickFormat: percent },
        color: { domain: names, range: colours },
        marks: [
          Plot.barY(rows, {
            x: 'hops',
            y: 'share',
            fill: 'outcome',
            order: names,
            tip: { format: { y: percent } },
            channels: { number: 'count' },
          }),
          Plot.ruleY([0]),
        ],
      }),
    ]
  },

  nat(width) {
    const rows = data.natMatrix
      .map((cell) => ({ ...cell, total: cell.direct + cell.punched + cell.relayed + cell.failed }))
      .filter((cell) => cell.total > 0)
      .map((cell) => ({ ...cell, share: (cell.direct + cell.punched) / cell.total }))
    if (rows.length === 0) {
      return ['no connections were tried in this run']
    }
    const kinds = [...new Set(rows.flatMap((cell) => [cell.from, cell.to]))]
    const longest = d3.max(kinds, (kind) => kind.length)
    const isTurned = kinds.length > 5 || width < NARROW
    const size = Math.max(HEIGHT, 70 + kinds.length * 36)
    return [
      plot(width, {
        height: size,
        marginLeft: Math.max(64, Math.min(150, 24 + longest * 6.2)),
        marginTop: 12,
        marginBottom: isTurned ? Math.min(110, 30 + longest * 4.6) : 38,
        x: { label: 'to', domain: kinds, tickRotate: isTurned ? -35 : 0, tickSize: 0 },
        y: { label: 'from', domain: kinds, tickSize: 0 },
        opacity: { type: 'identity' },
        marks: [
          Plot.cell(rows, {
            x: 'to',
            y: 'from',
            fill: 'var(--c1)',
            fillOpacity: (cell) => 0.06 + 0.54 * cell.share,
            inset: 1,
            rx: 3,
          }),
          Plot.text(rows, { x: 'to', y: 'from', text: (cell) => percent(cell.share), dy: -6, fontWeight: 600 }),
          Plot.text(rows, {
            x: 'to',
            y: 'from',
            text: (cell) => d3.format('.3~s')(cell.total),
            dy: 8,
            fontSize: 9.5,
            fillOpacity: 0.75,
          }),
          Plot.tip(
            rows,
            Plot.pointer({
              x: 'to',
              y: 'from',
              channels: { direct: 'direct', punched: 'punched', relayed: 'relayed', failed: 'failed' },
            }),
          ),
        ],
      }),
    ]
  },

  load(width) {
    if (data.load.length === 0) {
      return ['no node sent anything in this run']
    }
    const names = [...new Set(data.load.map((bar) => bar.class))]
    const colours = names.map((_, i) => COLOURS[i % COLOURS.length])
    const [low, high] = [d3.min(data.load, (bar) => bar.low), d3.max(data.load, (bar) => bar.high)]
    return [
      legend(names.map((name, i) => [name, colours[i]])),
      plot(width, {
        x: {
          type: 'log',
          domain: [low, high],
          label: 'bytes per second',
          tickFormat: '~s',
          ticks: high / low > 100 || width < NARROW ? 4 : 8,
        },
        y: { label: 'nodes', grid: true, tickFormat: count },
        color: { domain: names, range: colours },
        marks: [
          Plot.rectY(data.load, {
            x1: 'low',
            x2: 'high',
            y: 'count',
            fill: 'class',
            order: names,
            inset: 0.5,
            tip: true,
          }),
          Plot.ruleY([0]),
        ],
      }),
    ]
  },

  balance(width) {
    if (data.balance.length === 0) {
      return ['no node carried anything in this run']
    }
    const names = [...new Set(data.balance.map((row) => row.series))]
    return [
      legend(names.map((name, i) => [name, COLOURS[i]])),
      plot(width, {
        x: { label: 'nodes, the least loaded first', domain: [0, 1], tickFormat: percent, ticks: 5 },
        y: { label: 'load carried', domain: [0, 1], grid: true, tickFormat: percent },
        color: { domain: names, range: COLOURS.slice(0, names.length) },
        marks: [
          Plot.line(
            [
              [0, 0],
              [1, 1],
            ],
            { strokeDasharray: '2,4', strokeOpacity: 0.5 },
          ),
          Plot.lineY(data.balance, { x: 'x', y: 'y', stroke: 'series', strokeWidth: 1.8 }),
          Plot.tip(
            data.balance,
            Plot.pointer({ x: 'x', y: 'y', stroke: 'series', format: { x: percent, y: percent } }),
          ),
        ],
      }),
    ]
  },
}

function paragraph(text) {
  const element = document.createElement('p')
  element.textContent = text
  return element
}

function draw() {
  for (const [id, figure] of Object.entries(figures)) {
    const place = document.querySelector(`#${id} .plot`)
    const parts = figure(Math.max(280, place.clientWidth))
    const isEmpty = parts.length === 1 && typeof parts[0] === 'string'
    place.classList.toggle('none', isEmpty)
    place.replaceChildren(...(isEmpty ? [paragraph(parts[0])] : parts))
    for (const svg of place.querySelectorAll('svg')) {
      svg.setAttribute('role', 'img')
      svg.setAttribute('aria-label', document.querySelector(`#${id} h2`).textContent)
    }
  }
}

let drawnWidth = 0
new ResizeObserver(() => {
  const width = document.querySelector('main').clientWidth
  if (Math.abs(width - drawnWidth) > 8 && !matchMedia('print').matches) {
    drawnWidth = width
    draw()
  }
}).observe(document.querySelector('main'))
