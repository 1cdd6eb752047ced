// The pages work whole without this. Each module makes one thing quicker or livelier, and fails on its own.
import { startActions } from "./actions.js";
import { startAnswers } from "./answers.js";
import { startComposers, tellZone } from "./composer.js";
import { startKeys } from "./keys.js";
import { startLists } from "./lists.js";
import { startMenus } from "./menus.js";
import { startNews } from "./news.js";
import { startPasskeys } from "./passkeys.js";
import { startRefresh } from "./refresh.js";
import { startTimes } from "./times.js";
import { startViewer } from "./viewer.js";

for (const start of [startActions, startAnswers, startComposers, startMenus, startTimes, startViewer, startKeys, startLists, startNews, startPasskeys, startRefresh, tellZone]) {
  try {
    start();
  } catch (problem) {
    console.error(start.name, problem);
  }
}
