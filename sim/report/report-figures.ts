/** A figure: the id that sim/report/page/report.js fills, its heading and how to read it. */
interface Figure {
  readonly id: string
  readonly title: string
  readonly caption: string
}

const FIGURES: readonly Figure[] = [
  {
    id: 'delivery',
    title: 'Delivery over time',
    caption:
      'Messages since the start of the run. The gap between sent and delivered is what is under way, waits in a mailbox, or failed.',
  },
  {
    id: 'delay',
    title: 'Delay until delivery',
    caption:
      'Share of messages delivered within the time below, by the way they went. “All sent” ends below 100 % where some never arrived.',
  },
  {
    id: 'nodes',
    title: 'Nodes up',
    caption: 'Nodes on-line at each sample.',
  },
  {
    id: 'replicas',
    title: 'Replica survival',
    caption:
      'Live copies of letters that were not collected yet: mean (line) and the letter with the fewest (lower edge of the band).',
  },
  {
    id: 'hops',
    title: 'Hops of a lookup',
    caption: 'Lookups by the hops they took until the closest nodes were known.',
  },
  {
    id: 'nat',
    title: 'Connections by NAT',
    caption:
      'Connections that came about without a relay, of those tried: from the box in the row to the box in the column, with their number.',
  },
  {
    id: 'load',
    title: 'Traffic of a node',
    caption: 'Nodes by their mean traffic while on-line, sent and received, by class.',
  },
  {
    id: 'balance',
    title: 'Balance of the load',
    caption:
      'Share of the load carried by the least loaded share of nodes (Lorenz curve). On the dotted diagonal all carry the same.',
  },
]

/** Empty figures in the order of reading; the page's script draws into them. */
export function figuresHtml(): string {
  const figures = FIGURES.map(
    ({ id, title, caption }) =>
      `<figure id="${id}"><h2>${title}</h2><div class="plot"></div><figcaption>${caption}</figcaption></figure>`,
  )
  return `<main>\n${figures.join('\n')}\n</main>`
}
