// The outline of the world's land, loaded only by who zooms out.
import { feature } from "topojson-client";
import world from "world-atlas/land-110m.json";

export const land = feature(world, world.objects.land);
