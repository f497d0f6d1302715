// Which of the two languages the page is in, and the attribute that holds a name in it.
export const language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
export const NAME = { zh: "name", en: "baton:nameEn" };
export const speak = (zh, en) => (language === "zh" ? zh : en);
