/** For `npm run coverage`: the programs that tests start note which of their code they run. @module */
const folder = process.env.PROGRAM_COVERAGE;
if (folder !== undefined) process.env.NODE_V8_COVERAGE = folder;
