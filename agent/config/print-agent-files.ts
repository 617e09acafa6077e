import { readAgentFiles } from './fs-agent-files.js';

// A program: prints what agent.yaml says, for the agent (system-agent-config.ts).
process.stdout.write(JSON.stringify(await readAgentFiles(process.argv[2])));
