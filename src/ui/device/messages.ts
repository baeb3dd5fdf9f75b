// What the device panel and the bench say.
import { integer, seconds } from '../format'

export const bench = {
  title: 'Bench: how fast is this device?',
  text: 'Times whole training steps of a GPT, as a run takes them, on made-up tokens. Nothing is kept and nothing is sent; a run that trains waits meanwhile.',
  size: 'Size',
  sizes: {
    S: '2 layers, 64 wide, 0.1M parameters',
    M: '4 layers, 128 wide, 0.8M: nanoGPT on a CPU',
    L: '6 layers, 384 wide, 10.6M: nanoGPT’s shakespeare-char',
    XL: '12 layers, 768 wide, 124M: GPT-2',
  },
  heavy: ' (for a GPU)',
  run: 'Measure',
  stop: 'Stop',
  begin: 'Starting',
  doing: (what: 'compile' | 'train' | 'generate', done: number, total: number) =>
    `${{ compile: 'Compiling kernels', train: 'Training steps', generate: 'Writing tokens' }[what]}: ${integer(done)} of ${integer(total)}`,
  copy: 'Copy as Markdown',
  copied: 'Copied.',
}

export const device = {
  title: 'Device',
  opening: 'Opening…',
  engine: 'Engine in use',
  gpu: 'WebGPU',
  cpu: 'CPU',
  cpuShort: 'CPU engine',
  gpuText: 'Training runs on the GPU, on hand-written WGSL kernels.',
  cpuText: (name: string) =>
    `Training runs on the processor, in a worker, in ${name}: the same mathematics as on a GPU, slower.`,
  cores: 'Cores at work',
  coresAt: (cores: number, of: number) => `${cores} of ${Math.max(cores, of)}, measured`,
  coresText:
    'Cores share the steps of models with large batches where that saves time, and the numbers are the same with each number of them. One core is left to the page. A hidden page takes one, and so does a battery below 20 %; of a system’s battery saver no browser tells.',
  adapter: 'Adapter',
  vendor: 'Vendor',
  architecture: 'Architecture',
  firstStep: 'First step',
  firstStepAfter: ({ ms, compile_ms }: { ms: number; compile_ms: number }) =>
    `after ${seconds(ms)}${compile_ms >= 50 ? `, ${seconds(compile_ms)} of it compiling kernels` : ''}`,
  features: 'Features in use',
  noFeatures: 'none beyond the baseline',
  limits: 'Limits',
  limit: 'Limit',
  value: 'Value',
  choose: 'Engine',
  choices: { auto: 'Best available', gpu: 'WebGPU only', cpu: 'CPU only' },
  reload: 'Takes hold after a reload; the run is kept.',
  reloadNow: 'Reload now',
  why: 'Why not the GPU?',
  get: 'How to get WebGPU',
  elsewhere: 'In other browsers',
  insecure:
    'This page was opened over plain http. Browsers give WebGPU only to secure addresses: https, or http on localhost. Open the same page with https.',
  browsers: {
    chrome: {
      name: 'Chrome, Edge and other Chromium browsers',
      text: 'Version 113 or newer has WebGPU on Windows, macOS and ChromeOS, and 121 on Android 12. Check in chrome://settings/system that graphics acceleration is on, and look at chrome://gpu for what is blocked.',
    },
    linux: {
      name: 'Chromium on Linux',
      text: 'Newer versions have it with recent drivers. Otherwise open chrome://flags, switch on “Unsafe WebGPU Support” and “Vulkan”, and restart the browser. A Vulkan driver must be installed (Mesa or the vendor’s).',
    },
    firefox: {
      name: 'Firefox',
      text: 'Version 141 or newer has WebGPU on Windows, 145 on macOS with Apple silicon. Elsewhere set dom.webgpu.enabled to true in about:config (Nightly on Linux), and restart.',
    },
    safari: {
      name: 'Safari',
      text: 'Safari 26 on macOS, iOS, iPadOS and visionOS has WebGPU. In Safari 18 it is under Settings, Apps, Safari, Advanced, Feature Flags (on a Mac: Develop, Feature Flags).',
    },
  },
  kernels: 'Kernels',
  kernelsText:
    'Several kernels compute the same thing. On this device each was compared with the plain one, then timed; the fastest that agreed is taken. Kept for the next visit.',
  noKernels: 'Measured on this device when the first model is built; small models need no choice.',
  kernelClass: 'what',
  kernelTaken: 'taken',
  kernelTimes: 'milliseconds',
  kernelRace: (ms: Record<string, number>, refused: readonly string[]) =>
    [
      ...(Object.keys(ms).length === 0 ? ['no contest on a device without a GPU'] : []),
      ...Object.entries(ms).map(([name, value]) => `${name} ${value < 1 ? value.toFixed(3) : value.toFixed(1)}`),
      ...refused.map((name) => `${name} disagreed`),
    ].join(' · '),
  lose: 'Test: lose the device',
  loseText: 'Destroys the GPU device as a driver reset would. The run goes on from its last checkpoint.',
}
