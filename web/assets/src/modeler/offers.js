// What the server knows: the definitions a diagram may name, and an element template (in the format of the Camunda
// Modeler) for every registered service.
export async function loadOffers(address) {
  const offered = await (await fetch(address, { headers: { Accept: "application/json" } })).json();
  return { ...offered, topics: offered.templates.map(readTemplate) };
}

function readTemplate({ id, name, description, properties }) {
  const bound = (type) => properties.filter(({ binding }) => binding.type === type);
  return {
    id,
    name,
    description,
    attributes: Object.fromEntries(bound("property").map(({ value, binding }) => [binding.name, value])),
    inputs: bound("camunda:inputParameter").map((one) => ({
      name: one.binding.name,
      label: one.label,
      description: one.description,
      isRequired: one.constraints?.notEmpty ?? false,
    })),
    outputs: bound("camunda:outputParameter").map(({ value }) => ({ name: value })),
  };
}
