// Models on their way out in other programs' formats. What writes them is loaded when somebody asks.
import { transfer } from 'comlink'
import { CheckpointError } from '../errors'
import { countParams } from '../params'
import type { Dataset } from '../data/dataset/dataset'
import type { EndToken } from '../share/formats/end_row'
import type { Outgoing } from '../share/formats/fold'
import type { LoadedRun } from '../storage/runs'
import type { ExportCalls, ExportChoice, ExportedFile, ExportOffer, ExportOffers, NumberType } from '../words/exports'
import type { SlotSource } from '../words/look'
import type { RunHistory } from '../words/history'
import type { RunSpec } from '../words/run'
import { fileName } from '../words/shareable'
import type { ModelShelf, ModelState } from './models'
import type { Workbench } from './workbench'

/** Bytes of a number; of `q8_0` with its share of the scale. */
const BYTES: Record<NumberType, number> = { f32: 4, f16: 2, q8_0: 34 / 32 }

export class Exports implements ExportCalls {
  readonly #workbench: Workbench
  readonly #models: ModelShelf

  constructor(workbench: Workbench, models: ModelShelf) {
    this.#workbench = workbench
    this.#models = models
  }

  async offers(source: SlotSource, { type, text }: Omit<ExportChoice, 'format'>): Promise<ExportOffers> {
    const [{ folderGaps }, { ggufRefusal }] = await Promise.all([
      import('../share/folder/folder'),
      import('../share/formats/gguf'),
    ])
    const { spec, step } = await this.#models.weights(source)
    const words = await this.#models.text(source)
    const isRun = isLast(source)
    const n = countParams(spec.config)
    const canTrain = isRun && text && words !== null
    const { left, notes } = folderGaps(spec, type, canTrain)
    const gguf = ggufRefusal(spec)
    const ofText = text && words ? words.text.length : 0
    const ofTokens = canTrain ? 8 * n + words.dataset.tokens.byteLength : 0
    const offer = (size_bytes: number, gaps: string[] = [], refused: string | null = null): ExportOffer => ({
      refused,
      gaps,
      size_bytes,
    })
    return {
      name: spec.name,
      step,
      type,
      text: words && { name: spec.corpus.name, characters: spec.corpus.characters },
      isRun,
      formats: {
        folder: offer(n * (4 + (type === 'f16' ? 2 : 4) + (gguf === null ? BYTES[type] : 0)) + ofTokens, [
          ...left,
          ...notes,
        ]),
        gguf: offer(n * BYTES[type], [], gguf),
        onnx: offer(4 * n),
        bundle: offer(12 * n + 2 * ofText, [], isRun ? null : 'A bundle holds a run as it was saved last. Choose one.'),
      },
    }
  }

  async make(source: SlotSource, choice: ExportChoice): Promise<ExportedFile> {
    const file = await (choice.format === 'bundle' ? this.#bundle(source, choice) : this.#model(source, choice))
    return transfer(file, [file.bytes.buffer])
  }

  async #bundle(source: SlotSource, { text }: ExportChoice): Promise<ExportedFile> {
    const [{ bundleFiles }, { zip }] = await Promise.all([
      import('../share/folder/bundle'),
      import('../share/folder/zip'),
    ])
    const run = await this.#newest(source)
    if (!run?.checkpoint) throw new CheckpointError('A bundle holds a run as it was saved last. Choose one.')
    const { checkpoint, record, history } = run
    const latest = {
      ...checkpoint,
      meta: { ...checkpoint.meta, spec: { ...checkpoint.meta.spec, name: record.spec.name } },
    }
    const files = bundleFiles({ latest, history, notes: record.notes, text: text ? run.text : null })
    return { name: `${fileName(record.spec.name)}-run.zip`, bytes: zip(files), gaps: [] }
  }

  async #model(source: SlotSource, { format, type, text }: ExportChoice): Promise<ExportedFile> {
    const [fold, gguf, tokens] = await Promise.all([
      import('../share/formats/fold'),
      import('../share/formats/gguf'),
      import('../share/formats/gguf_tokenizer'),
    ])
    const run = isLast(source) ? await this.#newest(source) : null
    // The checkpoint, so that weights and moments are of one step.
    const model = run?.checkpoint ? modelOf(run) : await this.#models.weights(source)
    const plain = fold.foldGates(model)
    const { tokenizer, name } = model.spec
    const file = `${fileName(name)}-step-${model.step}`
    if (format === 'onnx') {
      const { writeOnnx } = await import('../share/formats/onnx')
      return { name: `${file}.onnx`, bytes: writeOnnx(plain), gaps: [] }
    }
    const dataset = await this.#models.dataset(source)
    const isHeld = gguf.ggufRefusal(model.spec) === null
    const end = isHeld && tokens.lacksEnd(tokenizer) ? await this.#endOf(plain, dataset) : null
    if (format === 'gguf')
      return { name: `${file}.gguf`, bytes: gguf.writeGguf(plain, type, end), gaps: tokens.endNotes(end, tokenizer) }
    const [{ folderFiles }, { momentsOf }, { zip }] = await Promise.all([
      import('../share/folder/folder'),
      import('../share/folder/leaving'),
      import('../share/folder/zip'),
    ])
    const moments = run?.checkpoint && momentsOf(run.checkpoint)
    const { files, left, notes } = folderFiles(
      {
        ...model,
        history: await this.#historyOf(source, run),
        tokens: run?.checkpoint?.meta.tokens ?? null,
        elapsed_s: run?.checkpoint?.meta.elapsed_s ?? null,
        adapter: run?.checkpoint?.meta.kernels?.adapter ?? null,
        end,
        training: text && dataset && moments ? { moments, ids: dataset.tokens, train: dataset.train.length } : null,
      },
      type,
    )
    return { name: `${file}.zip`, bytes: zip(files, fileName(name)), gaps: [...left, ...notes] }
  }

  /** What ends a text in GGUF, measured on the device. */
  async #endOf({ spec, weights }: Outgoing, dataset: Dataset | null): Promise<EndToken> {
    const [{ endToken }, { headInputs }] = await Promise.all([
      import('../share/formats/end_row'),
      import('../inspect/head_inputs'),
    ])
    const engine = await this.#workbench.engines.engine()
    const head = weights.get('lm_head.weight') ?? weights.get('transformer.wte.weight')!
    return endToken(await headInputs(engine, spec, weights, dataset?.tokens ?? null), head, spec.config.n_embd)
  }

  /** A run with its newest state, moments and all; null of what is no run. */
  async #newest(source: SlotSource): Promise<Pick<LoadedRun, 'record' | 'text' | 'history' | 'checkpoint'> | null> {
    if (source.of === 'shipped') return null
    const open = source.of === 'live' ? this.#workbench.opened : this.#workbench.openAs(source.run)
    return open ? open.newest() : this.#workbench.store.load((source as { run: string }).run)
  }

  async #historyOf(source: SlotSource, run: { history: RunHistory } | null): Promise<RunHistory | null> {
    return (run ?? (await this.#newest(source)))?.history ?? null
  }
}

const isLast = (source: SlotSource) => source.of === 'live' || (source.of === 'run' && source.step === null)

function modelOf({ checkpoint, record }: Pick<LoadedRun, 'checkpoint' | 'record'>): ModelState {
  const { spec, step } = checkpoint!.meta
  const named: RunSpec = { ...spec, name: record.spec.name }
  return { spec: named, step, weights: new Map([...checkpoint!.tensors].map(([name, { data }]) => [name, data])) }
}
