// Every view's question, answered: which file of src/inspect computes what, for which tokens.
import { ablate, gateGradients } from '../../inspect/ablations'
import { attention, patterns } from '../../inspect/attention'
import { attribute } from '../../inspect/attribution'
import { labelHeads } from '../../inspect/heads'
import { lensView } from '../../inspect/lens'
import { topOf } from '../../inspect/numbers'
import { patch } from '../../inspect/patching'
import { apart, foreseen, logits } from '../../inspect/predictions'
import type { LookViews, PerPart, ViewName } from '../../words/look'
import type { Job } from '../desk'
import { learnedView, placesView } from './losses'
import { embeddingsView, nearView } from './embeddings'
import { labelsView, probeView } from './linear_probe'
import { clampedView, neuronsView, neuronView, speakersView } from './neurons'
import type { Slots } from './slots'
import { likelyTokens, lookToken, readText, sameReading } from './texts'
import { turnedView } from './turned'
import { heldOut, heldOutWindow, LOSS_WINDOWS } from './windows'

type Views = {
  [V in ViewName]: (slots: Slots, question: LookViews[V]['asks'], job: Job<number>) => Promise<LookViews[V]['tells']>
}

export const VIEWS: Views = {
  text: async (slots, { slot, text }) => readText(slots.at(slot), text).told,

  window: (slots, { slot, share }) => heldOutWindow(slots.at(slot), share),

  attention: async (slots, { slot, text, form }) => {
    const looked = slots.at(slot)
    const { ids, told } = readText(looked, text)
    const { n_layer: layers, n_head: heads } = looked.info.config
    const maps = await looked.probe(async (probe) =>
      form === 'pattern' ? patterns(probe, { tokens: ids }) : (await attention(probe, { tokens: ids }))[form],
    )
    return { ...told, maps, layers, heads }
  },

  heads: (slots, { slot }) => slots.at(slot).probe((probe) => labelHeads(probe)),

  embeddings: (slots, question, job) => embeddingsView(slots.at(question.slot), question, job),
  near: (slots, question) => nearView(slots.at(question.slot), question),

  neurons: (slots, question, job) => neuronsView(slots.at(question.slot), question, job),
  neuron: (slots, question, job) => neuronView(slots.at(question.slot), question, job),
  speakers: (slots, question, job) => speakersView(slots.at(question.slot), question, job),
  clamped: (slots, question, job) => clampedView(slots.at(question.slot), question, job),

  labels: (slots, { slot }) => labelsView(slots.at(slot)),
  probe: (slots, question, job) => probeView(slots.at(question.slot), question, 'now', job),
  probeFresh: (slots, question, job) => probeView(slots.at(question.slot), question, 'fresh', job),

  lens: async (slots, { slot, text, k, follow }) => {
    const looked = slots.at(slot)
    const { ids, told } = readText(looked, text)
    const {
      T: _,
      top,
      ...view
    } = await looked.probe((probe) => lensView(probe, { tokens: ids }, { k, follow: follow === null ? [] : [follow] }))
    return { ...told, ...view, top: Array.from(top, (id) => lookToken(looked.tokenizer, id)) }
  },

  xray: async (slots, question, job) => (await import('./kernels')).xrayView(slots.at(question.slot), question, job),

  verify: async (slots, { slot }, job) => (await import('./kernels')).verifyView(slots.at(slot), job),

  health: async (slots, { slot }, job) => (await import('./health')).healthView(slots, slot, job),

  course: async (slots, { slot }, job) => (await import('./health')).courseView(slots, slot, job),

  apart: async (slots, { text }) => {
    const [a, b] = [slots.at('A'), slots.at('B')]
    sameReading(a.info, b.info)
    const { ids, told } = readText(a, text)
    const divergence = await a.probe((ofA) => b.probe((ofB) => apart(ofA, ofB, { tokens: ids })))
    return { ...told, divergence }
  },

  losses: async (slots, { slot, text }) => {
    const looked = slots.at(slot)
    const { ids, told } = readText(looked, text)
    const { vocab_size: V } = looked.info.config
    const { losses, all } = await looked.probe(async (probe) => ({
      losses: await foreseen(probe, ids),
      all: await logits(probe, { tokens: ids }),
    }))
    const likeliest = ids.map((id, t) => {
      if (t === 0) return { ...lookToken(looked.tokenizer, id), chance: NaN }
      return likelyTokens(looked.tokenizer, all.subarray((t - 1) * V, t * V), 1)[0]!
    })
    const counted = losses.subarray(1)
    return { ...told, losses, mean: counted.reduce((a, b) => a + b, 0) / counted.length, likeliest }
  },

  learned: learnedView,

  places: (slots, { slot }, job) => placesView(slots.at(slot), job),

  ablate: async (slots, { slot, text, gates, windows: count = LOSS_WINDOWS }, job) => {
    const looked = slots.at(slot)
    const windows = text === null ? await heldOut(looked, count) : [readText(looked, text).ids]
    const told: LookViews['ablate']['tells'][] = []
    for (const tokens of windows) {
      await job.pause()
      told.push(
        await looked.probe(async (probe) => {
          const { clean, ...off } = await ablate(probe, { tokens, gates })
          return { clean, off, gradient: await gateGradients(probe, { tokens, gates }) }
        }),
      )
    }
    return meanOf(told)
  },

  turned: (slots, question, job) => turnedView(slots.at(question.slot), question, job),

  attribution: async (slots, { slot, text, position, token }) => {
    const looked = slots.at(slot)
    const { ids, told } = readText(looked, text)
    const at = Math.min(ids.length - 1, Math.max(0, position))
    const { vocab_size: V } = looked.info.config
    return looked.probe(async (probe) => {
      const row = (await logits(probe, { tokens: ids })).subarray(at * V, (at + 1) * V)
      const asked = token ?? topOf(row, 1)[0]!
      const seen = await attribute(probe, { tokens: ids }, { position: at, token: asked })
      return {
        ...told,
        ...seen,
        token: lookToken(looked.tokenizer, asked),
        next: likelyTokens(looked.tokenizer, row, 10),
      }
    })
  },

  patch: async (slots, { slot, text, corrupted, answer, instead }) => {
    const looked = slots.at(slot)
    const [clean, other] = [readText(looked, text), readText(looked, corrupted)]
    const { vocab_size: V } = looked.info.config
    return looked.probe(async (probe) => {
      const likeliest = async (ids: number[]) => (await logits(probe, { tokens: ids })).subarray(-V)
      const [ofClean, ofOther] = [await likeliest(clean.ids), await likeliest(other.ids)]
      const told = answer ?? topOf(ofClean, 1)[0]!
      const rival = instead ?? topOf(ofOther, 2).find((id) => id !== told)!
      const map = await patch(probe, { clean: clean.ids, corrupted: other.ids, answer: told, instead: rival })
      return {
        clean: clean.told,
        corrupted: other.told,
        answer: lookToken(looked.tokenizer, told),
        instead: lookToken(looked.tokenizer, rival),
        resid: map.resid,
        head: map.head,
        difference: { clean: map.clean, corrupted: map.corrupted },
      }
    })
  },
}

type Ablated = LookViews['ablate']['tells']

/** The mean of several windows, part by part. */
function meanOf(told: readonly Ablated[]): Ablated {
  const mean = (of: (one: Ablated) => number) => told.reduce((sum, one) => sum + of(one), 0) / told.length
  const parts = (of: (one: Ablated) => PerPart): PerPart => {
    const each = (key: 'head' | 'attn' | 'mlp') => of(told[0]!)[key].map((_, i) => mean((one) => of(one)[key][i]!))
    const has = of(told[0]!).positions !== null
    return {
      ...{ head: each('head'), attn: each('attn'), mlp: each('mlp') },
      positions: has ? mean((one) => of(one).positions!) : null,
    }
  }
  return {
    clean: mean(({ clean }) => clean),
    off: parts(({ off }) => off),
    gradient: parts(({ gradient }) => gradient),
  }
}
