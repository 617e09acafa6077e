/** How far the clock of a spoiled service is ahead: more than any network takes, less than what Tocsin calls impossible. */
const AHEAD_MS = 2_500;

const trueNow = Date.now.bind(Date);
Date.now = () => trueNow() + AHEAD_MS;
