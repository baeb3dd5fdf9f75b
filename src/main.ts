// Mounts the page.
import '@fontsource-variable/source-sans-3'
import '@fontsource-variable/jetbrains-mono'
import { mount } from 'svelte'
import './ui/page/theme.css'
import './ui/page/base.css'
import App from './ui/page/App.svelte'

const target = document.getElementById('app')
if (!target) throw new Error('index.html has lost its #app element')
mount(App, { target })
