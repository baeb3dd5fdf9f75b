// Models at hand as files that run by themselves: one HTML file, or a module with its types. The player that goes into each lies beside the page.
import { transfer } from 'comlink'
import { isChat } from '../share/demo/chat'
import { demoHtml, demoModule, demoZip, type Embed, type Player } from '../share/demo/html'
import { packedBytes } from '../share/demo/packed'
import { countParams } from '../params'
import { CheckpointError } from '../errors'
import { LARGEST_DEMO, LONGEST, type DemoCalls, type DemoFile, type DemoOffer, type DemoOrder } from '../words/demo'
import type { SlotSource } from '../words/look'
import { bytes as sizeInWords } from '../words/sizes'
import type { ModelShelf } from './models'
import type { Workbench } from './workbench'

/** What a file's bytes are called after. */
const ENDING = { html: '.html', embed: '.zip' }

export class Demos implements DemoCalls {
  readonly #models: ModelShelf
  readonly #workbench: Workbench
  readonly #fetchFile: (path: string) => Promise<Uint8Array>

  constructor(models: ModelShelf, workbench: Workbench, fetchFile: (path: string) => Promise<Uint8Array>) {
    this.#models = models
    this.#workbench = workbench
    this.#fetchFile = fetchFile
  }

  async offer(source: SlotSource): Promise<DemoOffer> {
    const { spec, step } = await this.#models.weights(source)
    const { config, tokenizer, name, prompt, corpus } = spec
    const kinds = corpus.card?.personal?.kinds
    return {
      personal: (kinds ?? []).filter(({ went_through }) => went_through > 0).map(({ kind }) => kind),
      unlooked: kinds === undefined && (corpus.card?.conversations ?? 0) > 0,
      ...{ name, step, prompt, params: countParams(config), chats: isChat(tokenizer) },
      weight_bytes: { f16: packedBytes(config, 'f16'), int8: packedBytes(config, 'int8') },
    }
  }

  async make({ source, kind, form, text }: DemoOrder): Promise<DemoFile> {
    const { spec, step, weights } = await this.#models.weights(source)
    const { config, tokenizer, corpus, gates = {} } = spec
    const size = packedBytes(config, form)
    if (size > LARGEST_DEMO)
      throw new CheckpointError(
        `The weights take ${sizeInWords(size)}; one file may hold ${sizeInWords(LARGEST_DEMO)}. Save a folder instead.`,
      )
    const told = Object.fromEntries(
      Object.entries(LONGEST).map(([name, most]) => [name, text[name as keyof typeof LONGEST].slice(0, most)]),
    ) as unknown as typeof text
    const model = { config, tokenizer, gates, weights }
    const name = `${fileName(told.title)}${ENDING[kind]}`
    if (kind === 'embed') {
      const embed = await this.#read<Embed>('embed')
      const zip = demoZip(demoModule(model, told, form, embed), embed)
      return transfer({ name, bytes: zip, engine_bytes: embed.script.length }, [zip.buffer])
    }
    const player = await this.#read<Player>('page')
    const val_loss = await this.#lossAt(source, step)
    const origin = { corpus: corpus.name, licence: corpus.licence, step, val_loss }
    const bytes = new TextEncoder().encode(demoHtml(model, told, origin, form, player))
    return transfer({ name, bytes, engine_bytes: player.script.length + player.style.length }, [bytes.buffer])
  }

  async #read<T>(name: string): Promise<T> {
    return JSON.parse(new TextDecoder().decode(await this.#fetchFile(`demo/${name}.json`))) as T
  }

  /** The validation loss at a step, where the run was measured just then. */
  async #lossAt(source: SlotSource, step: number): Promise<number | null> {
    if (source.of === 'shipped') return null
    const history =
      source.of === 'live'
        ? this.#workbench.opened.opened.history
        : (await this.#workbench.store.load(source.run)).history
    return history.evals.findLast((measured) => measured.step === step)?.val_loss ?? null
  }
}

/** A title as the name of a file on any system. */
function fileName(title: string): string {
  const plain = title
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
  return plain.slice(0, 60) || 'model'
}
