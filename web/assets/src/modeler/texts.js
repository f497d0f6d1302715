// Our own words of the modeler, and those of its parts that bpmn-js-i18n does not translate. Keys are the English words
// the code uses; English needs an entry only where the key is no good sentence.
export const english = {};
export const chinese = {};
