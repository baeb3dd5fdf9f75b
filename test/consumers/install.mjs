// Installs the consumers' packages where they are missing, into this folder, so that a user's own install stays small.
import { fileURLToPath } from 'node:url'
import { ensurePackages } from '../../src/headless/packages.mjs'

ensurePackages(fileURLToPath(new URL('./', import.meta.url)))
