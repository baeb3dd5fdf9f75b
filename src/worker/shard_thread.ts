// A thread that computes shards, started by the worker (threads.ts).
import { serveShards, type ToThread } from '../train/shard_thread'

serveShards({
  postMessage: (message, transfer) => self.postMessage(message, transfer),
  listen: (heard) => addEventListener('message', (event: MessageEvent<ToThread>) => heard(event.data)),
})
