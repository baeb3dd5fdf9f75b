// The page's side of the worker: the only `new Worker`. Every call crosses the thread as protocol.ts says; an error that comes
// back gets its class again by its name. Knows nothing of training.
import { proxy, transfer, wrap } from 'comlink'
import { revive } from '../errors'
import type { TokenizerChoice } from '../words/tokens'
import type { Lab, LabEvent, OpenRun } from './protocol'

export type { PackedHistory } from '../words/run'
export type {
  DatasetSummary,
  EnginePreference,
  Lab,
  LabEvent,
  LiveChange,
  Measurement,
  OpenRun,
  RunSummary,
  TextLadder,
} from './protocol'

/** Starts the worker. If its script cannot be loaded, every call is refused and says so. */
export function openLab(): Lab {
  // A worker does not know the page's address, which files beside the page are relative to: its name tells it.
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: document.baseURI })
  let failure: Error | null = null
  const waiting = new Set<(failure: Error) => void>()
  worker.addEventListener('error', (event) => {
    failure = new Error(
      `The worker stopped (${event.message || 'its script could not be loaded'}). Reload the page: saved runs are kept.`,
    )
    for (const refuse of waiting) refuse(failure)
  })
  const remote = wrap<Lab>(worker)
  const call = <T>(answer: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      if (failure) return reject(failure)
      waiting.add(reject)
      answer.then(resolve, (error: unknown) => reject(revive(error))).finally(() => waiting.delete(reject))
    })
  // Events come by another port than answers, in no certain order. What is told of a run waits until the page knows the run.
  let opening = 0
  let held: LabEvent[] = []
  let deliver: ((events: LabEvent[]) => void) | null = null
  const receive = (events: LabEvent[]) => {
    if (opening === 0) return deliver?.(events)
    const early = (event: LabEvent) => 'run' in event && event.event.type !== 'compile'
    held.push(...events.filter(early))
    const others = events.filter((event) => !early(event))
    if (others.length > 0) deliver?.(others)
  }
  const callForRun = async (answer: Promise<OpenRun>): Promise<OpenRun> => {
    opening++
    try {
      return await call(answer)
    } finally {
      setTimeout(() => {
        opening--
        const events = held
        held = []
        if (events.length > 0) receive(events)
      })
    }
  }
  return {
    open: (preference, listen) => {
      deliver = listen
      return call(remote.open(preference, proxy(receive)))
    },
    loadCorpus: (id, made) => call(remote.loadCorpus(id, made)),
    loadText: (name, text) => call(remote.loadText(name, text)),
    loadFiles: (files) => call(remote.loadFiles(files)),
    loadUrl: (address) => call(remote.loadUrl(address)),
    readAs: (as, assistant) => call(remote.readAs(as, assistant)),
    chooseColumns: (part, columns) => call(remote.chooseColumns(part, columns)),
    previewTable: (part) => call(remote.previewTable(part)),
    cancelLoading: () => call(remote.cancelLoading()),
    prepare: (preparation) => call(remote.prepare(preparation)),
    loadRunCorpus: (id) => call(remote.loadRunCorpus(id)),
    ladderOfText: (val_fraction) => call(remote.ladderOfText(val_fraction)),
    previewClean: (steps) => call(remote.previewClean(steps)),
    findPersonal: (query) => call(remote.findPersonal(query)),
    leaks: (val_fraction, onProgress) => call(remote.leaks(val_fraction, proxy(onProgress))),
    stopLeaks: () => call(remote.stopLeaks()),
    setLicence: (licence) => call(remote.setLicence(licence)),
    check: (config) => call(remote.check(config)),
    forecast: (config) => call(remote.forecast(config)),
    measure: (config) => call(remote.measure(config)),
    createRun: async (spec) => {
      const run = await callForRun(remote.createRun(spec))
      askToPersist()
      return run
    },
    openRun: (id) => callForRun(remote.openRun(id)),
    openBest: (name) => callForRun(remote.openBest(name)),
    start: () => call(remote.start()),
    pause: () => call(remote.pause()),
    step: () => call(remote.step()),
    stop: () => call(remote.stop()),
    change: (change) => call(remote.change(change)),
    restart: (how) => callForRun(remote.restart(how)),
    closeRun: () => call(remote.closeRun()),
    ladder: () => call(remote.ladder()),
    renameRun: (id, name) => call(remote.renameRun(id, name)),
    noteRun: (id, notes) => call(remote.noteRun(id, notes)),
    duplicateRun: (id) => call(remote.duplicateRun(id)),
    deleteRun: (id) => call(remote.deleteRun(id)),
    restoreRun: (id) => call(remote.restoreRun(id)),
    exportRun: (id) => call(remote.exportRun(id)),
    importRun: (bytes) => call(remote.importRun(transfer(bytes, [bytes]))),
    generate: (options, onTokens) => call(remote.generate(options, proxy(onTokens))),
    checkAnswers: (count, onAnswer) => call(remote.checkAnswers(count, proxy(onAnswer))),
    stopGenerating: () => call(remote.stopGenerating()),
    setPrompt: (prompt) => call(remote.setPrompt(prompt)),
    profile: () => call(remote.profile()),
    bench: (size, steps, onProgress) => call(remote.bench(size, steps, proxy(onProgress))),
    stopBench: () => call(remote.stopBench()),
    loseDevice: () => call(remote.loseDevice()),
    checkpointMeta: () => call(remote.checkpointMeta()),
    readPassage: (choice, passage) => call(remote.readPassage(choice, passage)),
    passageAt: (share) => call(remote.passageAt(share)),
    merges: (choice) => call(remote.merges(choice)),
    replayMerges: (choice, passage) => call(remote.replayMerges(choice, passage)),
    compressionCurve: () => call(remote.compressionCurve()),
    stopLearning: () => call(remote.stopLearning()),
    tokenizerJson: (choice) => call(remote.tokenizerJson(choice)),
    readTokenizerFile: (json) => call<TokenizerChoice>(remote.readTokenizerFile(json)),
    tokenizerInUse: () => call<TokenizerChoice>(remote.tokenizerInUse()),
  }
}

let asked = false
/**
 * Asks the browser, once, not to clear what this page keeps when the disk runs low; only a page can ask, a worker cannot. Not
 * waited for: Firefox asks the person, who may take their time.
 */
function askToPersist(): void {
  if (asked) return
  asked = true
  navigator.storage?.persist?.().catch(() => undefined)
}
