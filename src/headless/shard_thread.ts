// A thread of `npm run train` or `bench` that computes shards.
import { parentPort } from 'node:worker_threads'
import { serveShards } from '../train/shard_thread'

const port = parentPort!
serveShards({
  postMessage: (message, transfer) => port.postMessage(message, transfer),
  listen: (heard) => void port.on('message', heard),
})
